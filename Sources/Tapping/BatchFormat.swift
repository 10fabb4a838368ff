/// How the bytes of a batch are written.
package enum BatchEncoding: String, Sendable, CaseIterable, Hashable {
  case json, protobuf

  /// The media type of bodies and answers.
  package var mediaType: String {
    switch self {
    case .json: "application/json"
    case .protobuf: "application/x-protobuf"
    }
  }
}

/// How the posted bytes of a batch are to be read: the encoding, and whether they are packed.
///
/// The raw value is what the journal keeps: `json`, `protobuf`, `json+gzip`, `protobuf+gzip`.
package struct BatchFormat: Hashable, Sendable {
  package var encoding: BatchEncoding
  package var isGzipped: Bool

  /// Makes a format.
  package init(_ encoding: BatchEncoding, isGzipped: Bool = false) {
    self.encoding = encoding
    self.isGzipped = isGzipped
  }

  /// JSON as it stands.
  package static let json = BatchFormat(.json)
  /// Protobuf as it stands.
  package static let protobuf = BatchFormat(.protobuf)
}

extension BatchFormat: RawRepresentable, CaseIterable {
  package static let allCases = BatchEncoding.allCases.flatMap {
    [BatchFormat($0), BatchFormat($0, isGzipped: true)]
  }

  /// Reads the journal's word; nil when it is none.
  package init?(rawValue: String) {
    guard let format = BatchFormat.allCases.first(where: { $0.rawValue == rawValue }) else {
      return nil
    }
    self = format
  }

  package var rawValue: String { isGzipped ? "\(encoding.rawValue)+gzip" : encoding.rawValue }
}

/// Why a body of this kind is not taken: 415.
package enum BatchFormatFault: Error, Hashable, Sendable {
  case contentType, contentEncoding

  /// A word for programs.
  package var code: String {
    switch self {
    case .contentType: "content_type_unknown"
    case .contentEncoding: "content_encoding_unknown"
    }
  }

  /// What would be right, for people.
  package var message: String {
    switch self {
    case .contentType: "Content-Type must be application/json or application/x-protobuf"
    case .contentEncoding: "Content-Encoding must be gzip, identity or absent"
    }
  }
}

extension BatchFormat {
  /// The format that a request's headers name; a body without a Content-Type is JSON.
  ///
  /// `application/protobuf`, `application/vnd.google.protobuf` and `text/json` are known too;
  /// parameters such as a charset are not looked at: both encodings are UTF-8 by definition.
  package init(contentType: String?, contentEncoding: String?) throws(BatchFormatFault) {
    guard let encoding = HeaderWords.encoding(mediaType: contentType ?? "application/json") else {
      throw .contentType
    }
    self.encoding = encoding
    guard let contentEncoding else {
      isGzipped = false
      return
    }
    switch HeaderWords.trimmed(contentEncoding).lowercased() {
    case "", "identity": isGzipped = false
    case "gzip", "x-gzip": isGzipped = true
    default: throw .contentEncoding
    }
  }

  /// The value of Content-Encoding; nil when there is none to send.
  package var contentEncoding: String? { isGzipped ? "gzip" : nil }
}

extension BatchEncoding {
  /// How to answer, by the request's Accept: the encoding it prefers, `fallback` when it names
  /// neither or does not say (RFC 9110, section 12.5.1).
  package static func preferred(accept: String?, otherwise fallback: BatchEncoding) -> BatchEncoding
  {
    guard let accept else { return fallback }
    var best: (encoding: BatchEncoding, quality: Int)?
    for part in accept.utf8.split(separator: 0x2C).prefix(HeaderWords.partsMax) {
      let pieces = part.split(separator: 0x3B)
      guard let name = pieces.first,
        let encoding = HeaderWords.encoding(mediaType: String(name) ?? "")
      else { continue }
      let quality = HeaderWords.quality(pieces.dropFirst())
      if quality > 0, quality > best?.quality ?? 0 { best = (encoding, quality) }
    }
    return best?.encoding ?? fallback
  }
}

/// Takes apart the values of headers.
private enum HeaderWords {
  /// Most entries of an Accept that are looked at.
  static let partsMax = 32

  static func trimmed(_ text: some StringProtocol) -> String {
    let isSpace = { (byte: UInt8) in byte == 0x20 || byte == 0x09 }
    let bytes = text.utf8.drop(while: isSpace).reversed().drop(while: isSpace).reversed()
    return String(decoding: Array(bytes), as: UTF8.self)
  }

  /// The encoding that a media type names; parameters are cut off.
  static func encoding(mediaType text: String) -> BatchEncoding? {
    // Nearly all write one of these, just so.
    if text == "application/x-protobuf" { return .protobuf }
    if text == "application/json" { return .json }
    let name = text.utf8.prefix { $0 != 0x3B }
    switch trimmed(String(decoding: Array(name), as: UTF8.self)).lowercased() {
    case "application/json", "text/json": return .json
    case "application/x-protobuf", "application/protobuf", "application/vnd.google.protobuf":
      return .protobuf
    default: return nil
    }
  }

  /// The `q` among parameters in thousandths; 1,000 when there is none, 0 when it is no number.
  static func quality(_ parameters: some Sequence<Substring.UTF8View>) -> Int {
    for parameter in parameters {
      let text = trimmed(String(parameter) ?? "").lowercased()
      guard text.hasPrefix("q=") else { continue }
      guard let value = Double(text.dropFirst(2)), (0...1).contains(value) else { return 0 }
      return Int(value * 1000)
    }
    return 1000
  }
}
