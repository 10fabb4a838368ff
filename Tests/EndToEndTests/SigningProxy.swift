import AsyncHTTPClient
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import NIOHTTP1
import ServiceLifecycle

/// A proxy that adds what a headless browser cannot: a bearer token and a language.
///
/// The browser sends every request to it in absolute form; it passes them on to one service.
struct SigningProxy: HTTPResponder {
  typealias Context = BasicRequestContext

  /// Most bytes of a page, script or picture.
  private static let bytesMax = 16 << 20
  /// What of an answer the browser has to see.
  private static let passedOn = ["content-type", "content-security-policy"]

  let service: String
  let token: String?
  let language: String

  /// Runs a body while the proxy listens; the body gets its address.
  static func with<Result: Sendable>(
    service: String, token: String?, language: String,
    _ body: @Sendable @escaping (String) async throws -> Result
  ) async throws -> Result {
    let (ports, port) = AsyncStream.makeStream(of: Int.self)
    let application = Application(
      responder: SigningProxy(service: service, token: token, language: language),
      configuration: .init(address: .hostname("127.0.0.1", port: 0)),
      onServerRunning: { channel in port.yield(channel.localAddress?.port ?? 0) },
      logger: Logger(label: "proxy", factory: { _ in SwiftLogNoOpLogHandler() }))
    let server = Task { try await application.run() }
    defer { server.cancel() }
    for await number in ports { return try await body("http://127.0.0.1:\(number)") }
    throw CancellationError()
  }

  func respond(to request: Request, context: Context) async throws -> Response {
    let uri = request.uri
    let isOurs = (uri.host ?? request.head.authority ?? "").hasPrefix("127.0.0.1")
    guard isOurs else { return Response(status: .badGateway) }
    let target = uri.path + (uri.query.map { "?" + $0 } ?? "")
    var onward = HTTPClientRequest(url: service + target)
    onward.headers.add(name: "accept-language", value: language)
    if let token { onward.headers.add(name: "authorization", value: "Bearer \(token)") }
    if let accept = request.headers[.accept] { onward.headers.add(name: "accept", value: accept) }
    let answer = try await HTTPClient.shared.execute(onward, timeout: .seconds(30))
    let content = try await answer.body.collect(upTo: Self.bytesMax)
    var response = Response(
      status: .init(code: Int(answer.status.code)), body: ResponseBody(byteBuffer: content))
    for name in Self.passedOn {
      if let field = HTTPField.Name(name), let value = answer.headers.first(name: name) {
        response.headers[field] = value
      }
    }
    return response
  }
}
