import Basics
import HTTPTypes
import Intake
import NIOCore
import NIOHTTP1
import Tapping

/// The header fields that matter for a post of a device, found in one pass.
struct PostFields {
  var device: String?
  var signature: String?
  var contentType: String?
  var contentEncoding: String?
  var accept: String?
  private var session: String?
  private var count: String?
  private var chain: String?
  private var mac: String?
  private var checkpoint: String?

  /// Reads the fields of a head; of a field that comes twice, the first counts.
  init(_ headers: HTTPHeaders) {
    for (name, value) in headers {
      switch name.utf8.count {
      case 6: Self.note(value, named: name, "accept", in: &accept)
      case 10: Self.note(value, named: name, SessionHeaders.Name.mac, in: &mac)
      case 12:
        Self.note(value, named: name, "content-type", in: &contentType)
        Self.note(value, named: name, SessionHeaders.Name.count, in: &count)
        Self.note(value, named: name, SessionHeaders.Name.chain, in: &chain)
      case 13: Self.note(value, named: name, "kvytok-device", in: &device)
      case 14: Self.note(value, named: name, SessionHeaders.Name.session, in: &session)
      case 16:
        Self.note(value, named: name, "kvytok-signature", in: &signature)
        Self.note(value, named: name, "content-encoding", in: &contentEncoding)
      case 17: Self.note(value, named: name, SessionHeaders.Name.checkpoint, in: &checkpoint)
      default: break
      }
    }
  }

  /// Reads the fields of a request of the responder.
  init(_ fields: HTTPFields) {
    self.init(HTTPHeaders(fields.map { ($0.name.canonicalName, $0.value) }))
  }

  private static func note(
    _ value: String, named name: String, _ wanted: String, in place: inout String?
  ) {
    guard place == nil, isName(name, wanted) else { return }
    place = value
  }

  /// Whether a name is the wanted one, which is as long and in small letters; byte by byte, for the
  /// views of texts take several times as long.
  private static func isName(_ name: String, _ wanted: String) -> Bool {
    var name = name
    var wanted = wanted
    return name.withUTF8 { name in
      wanted.withUTF8 { wanted in
        name.count == wanted.count && name.indices.allSatisfy { name[$0] | 0x20 == wanted[$0] }
      }
    }
  }

  /// The format of the body.
  func format() throws(Problem) -> BatchFormat {
    do {
      return try BatchFormat(contentType: contentType ?? "", contentEncoding: contentEncoding)
    } catch {
      throw Problem(
        .unsupportedMediaType,
        error == .contentType ? "media_type_not_supported" : "encoding_not_supported",
        error.message + ".")
    }
  }

  /// The post that these fields and a body make.
  func post(_ body: ByteBuffer?, receivedAt: Instant) throws(Problem) -> TapPost {
    try post(body.map { Array($0.readableBytesView) } ?? [], receivedAt: receivedAt)
  }

  /// The post that these fields and a body make.
  func post(_ body: [UInt8], receivedAt: Instant) throws(Problem) -> TapPost {
    let format = try format()
    var headers: SessionHeaders?
    if session != nil {
      do {
        headers = try SessionHeaders(
          session: session, count: count, chain: chain, mac: mac, checkpoint: checkpoint)
      } catch {
        throw Problem(IntakeRefusal(error))
      }
    }
    return TapPost(
      body: body, format: format, device: device, signature: signature, session: headers,
      receivedAt: receivedAt)
  }
}
