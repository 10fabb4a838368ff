import HTTPTypes
import NIOCore

/// An answer ready for the wire.
struct EdgeReply: Sendable {
  var status: HTTPResponse.Status
  var contentType: String
  var body: [UInt8]
  /// Further header fields, whose names and values hold no line breaks.
  var fields: [(name: String, value: String)] = []
  /// The connection ends with this answer.
  var closes = false
  /// Neither length nor type is told: a 304 speaks of the answer the caller has.
  var isBare = false
  /// A device had shown its signature or the code of a session, whatever became of its request.
  var isProven = false

  init(
    status: HTTPResponse.Status, contentType: String, body: [UInt8],
    fields: [(name: String, value: String)] = EdgeReply.deviceFields
  ) {
    self.status = status
    self.contentType = contentType
    self.body = body
    self.fields = fields
  }

  /// What every answer to a device carries.
  static let deviceFields = [
    (name: "cache-control", value: "no-store"), (name: "x-content-type-options", value: "nosniff"),
  ]

  init(_ answer: Answer) {
    self.init(
      status: answer.status, contentType: answer.contentType, body: answer.body, fields: [])
    isBare = answer.status == .notModified
    for field in answer.headers {
      switch field.name {
      case .contentLength, .contentType: break
      case .connection: closes = closes || field.value.lowercased() == "close"
      default: fields.append((field.name.rawName, field.value))
      }
    }
  }

  init(_ problem: Problem) {
    self.init(.problem(problem))
    fields += EdgeReply.deviceFields
  }

  /// Writes the answer whole; a HEAD is told the length of a body it does not get.
  func write(into buffer: inout ByteBuffer, date: String, isHead: Bool, keepsAlive: Bool) {
    buffer.writeStaticString("HTTP/1.1 ")
    if status.code == 200 {
      buffer.writeStaticString("200 OK")
    } else {
      buffer.writeString(String(status.code))
      buffer.writeStaticString(" ")
      buffer.writeString(status.reasonPhrase)
    }
    buffer.writeStaticString("\r\ndate: ")
    buffer.writeString(date)
    if !isBare {
      buffer.writeStaticString("\r\ncontent-type: ")
      buffer.writeString(contentType)
      buffer.writeStaticString("\r\ncontent-length: ")
      buffer.writeString(String(body.count))
    }
    for (name, value) in fields {
      buffer.writeStaticString("\r\n")
      buffer.writeString(name)
      buffer.writeStaticString(": ")
      buffer.writeString(value)
    }
    if !keepsAlive { buffer.writeStaticString("\r\nconnection: close") }
    buffer.writeStaticString("\r\n\r\n")
    if !isHead, !isBare { buffer.writeBytes(body) }
  }
}
