import HTTPTypes
import NIOCore
import NIOHTTP1

extension ChannelPipeline.SynchronousOperations {
  /// Puts what turns bytes into requests, and a connection that takes these, behind whatever is there.
  func addEdge(_ connection: EdgeConnection, limits: EdgeLimits) throws {
    var decoding = NIOHTTPDecoderLimitConfiguration()
    decoding.maxHeaderFieldSize = limits.headBytesMax
    decoding.maxHeaderListSize = limits.headBytesMax
    decoding.maxHeaderFieldCount = limits.headFieldsMax
    try addHandler(EdgeBytes(connection))
    // The decoder counts fields, and skips the white space before them: it would hold any number of spaces.
    try addHandler(
      ByteToMessageHandler(
        HTTPRequestDecoder(limitConfiguration: decoding),
        maximumBufferSize: limits.headHeldBytesMax))
    try addHandler(connection)
  }
}

extension EdgeLimits {
  /// What to say to bytes that are no request; nil of an error that is not about bytes.
  func problem(ofBytes error: any Error) -> Problem? {
    switch error {
    case HTTPParserError.headerOverflow, is ByteToMessageDecoderError.PayloadTooLargeError:
      Problem(
        .requestHeaderFieldsTooLarge, "head_too_large",
        "A request has at most \(headBytesMax) bytes and \(headFieldsMax) fields of head.")
    case let fault as HTTPParserError:
      Problem(.badRequest, "not_http", "This is no request of HTTP/1.1: \(fault).")
    default: nil
    }
  }
}
