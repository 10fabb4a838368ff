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
    try addHandler(ByteToMessageHandler(HTTPRequestDecoder(limitConfiguration: decoding)))
    try addHandler(connection)
  }
}
