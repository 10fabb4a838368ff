import AsyncHTTPClient
import NIOCore
import NIOHTTP1
package import NIOSSL

/// What the service answered.
package struct ServiceAnswer: Sendable {
  package let status: Int
  package let body: [UInt8]
  /// Requests that were sent before this answer came: 1 when the first one did.
  package let attempts: Int
  private let fields: HTTPHeaders

  init(status: Int, body: [UInt8], attempts: Int, fields: HTTPHeaders) {
    self.status = status
    self.body = body
    self.attempts = attempts
    self.fields = fields
  }

  /// The answer after a number of attempts.
  func after(attempts: Int) -> ServiceAnswer {
    ServiceAnswer(status: status, body: body, attempts: attempts, fields: fields)
  }

  /// The value of a header; nil when there is none.
  package func header(_ name: String) -> String? { fields.first(name: name) }

  /// The body as text.
  package var text: String { String(decoding: body, as: UTF8.self) }
}

/// Why there is no answer that one could go on with.
package enum ServiceFault: Error, CustomStringConvertible {
  /// The service could not be reached, even after waiting.
  case unreachable(url: String, message: String)
  /// The service refused.
  case refused(request: String, status: Int, body: String)
  /// The answer is not what the interface promises.
  case unreadable(request: String, message: String)

  package var description: String {
    switch self {
    case .unreachable(let url, let message):
      "no answer from \(url): \(message). Is the service running there?"
    case .refused(let request, let status, let body):
      "\(request) was answered with \(status): \(body.prefix(600))"
    case .unreadable(let request, let message):
      "the answer to \(request) could not be read: \(message)"
    }
  }
}

/// Speaks HTTP with a running service, waits when it asks to, and gives up after a bound.
package final class ServiceClient: Sendable {
  /// Requests sent for one answer, at most.
  package static let attemptsMax = 8
  /// Seconds to wait for an answer.
  static let answerSecondsMax: Int64 = 60
  /// Most bytes of an answer.
  static let answerBytesMax = 512 * 1024 * 1024
  /// Milliseconds before the second attempt; doubles with every further one.
  static let firstPauseMilliseconds: Int64 = 100
  /// Longest pause that a Retry-After is followed for.
  static let pauseSecondsMax: Int64 = 10

  package let base: String
  private let adminToken: String?
  private let attemptsMax: Int
  private let client: HTTPClient

  /// Prepares connections to a service, such as `http://127.0.0.1:8080`; over TLS by the machine's authorities,
  /// unless another configuration is given.
  package init(
    base: String, adminToken: String?, connectionsMax: Int = 64,
    attemptsMax: Int = ServiceClient.attemptsMax, tls: TLSConfiguration? = nil
  ) {
    self.attemptsMax = attemptsMax
    self.base = base.hasSuffix("/") ? String(base.dropLast()) : base
    self.adminToken = adminToken
    var configuration = HTTPClient.Configuration(tlsConfiguration: tls)
    configuration.httpVersion = .http1Only
    configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = connectionsMax
    configuration.timeout.connect = .seconds(5)
    client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
  }

  /// Closes all connections.
  package func close() async throws { try await client.shutdown() }

  /// One request, sent once: for measurements, where a second attempt would hide what happened.
  package func sendOnce(
    _ method: String, _ path: String, headers: [(String, String)] = [], body: [UInt8]? = nil
  ) async throws -> (answer: ServiceAnswer, retryAfterSeconds: Int64?) {
    var request = HTTPClientRequest(url: base + path)
    request.method = HTTPMethod(rawValue: method)
    for (name, value) in headers { request.headers.add(name: name, value: value) }
    if let body { request.body = .bytes(ByteBuffer(bytes: body)) }
    let response = try await client.execute(
      request, timeout: .seconds(Self.answerSecondsMax))
    let buffer = try await response.body.collect(upTo: Self.answerBytesMax)
    let answer = ServiceAnswer(
      status: Int(response.status.code), body: Array(buffer.readableBytesView), attempts: 1,
      fields: response.headers)
    return (answer, response.headers.first(name: "retry-after").flatMap { Int64($0) })
  }

  /// A request that is sent again when the service is busy (429, 503) or was not reached.
  package func send(
    _ method: String, _ path: String, headers: [(String, String)] = [], body: [UInt8]? = nil
  ) async throws -> ServiceAnswer {
    var pauseMilliseconds = Self.firstPauseMilliseconds
    var lastMessage = ""
    for attempt in 1...attemptsMax {
      do {
        let (answer, retryAfter) = try await sendOnce(method, path, headers: headers, body: body)
        guard answer.status == 429 || answer.status == 503 else {
          return answer.after(attempts: attempt)
        }
        lastMessage = "it is busy (\(answer.status))"
        if let retryAfter {
          pauseMilliseconds = min(max(retryAfter, 0), Self.pauseSecondsMax) * 1000
        }
      } catch let error as CancellationError {
        throw error
      } catch {
        lastMessage = "\(error)"
      }
      try await Task.sleep(for: .milliseconds(pauseMilliseconds))
      pauseMilliseconds = min(pauseMilliseconds * 2, Self.pauseSecondsMax * 1000)
    }
    throw ServiceFault.unreachable(url: base + path, message: lastMessage)
  }

  /// A request with the administrator's token whose answer has to be one of the given states.
  package func administer(
    _ method: String, _ path: String, json: String? = nil, expecting states: Set<Int> = [200]
  ) async throws -> ServiceAnswer {
    var headers = [("accept", "application/json")]
    if let adminToken { headers.append(("authorization", "Bearer \(adminToken)")) }
    if json != nil { headers.append(("content-type", "application/json")) }
    let answer = try await send(
      method, path, headers: headers, body: json.map { Array($0.utf8) })
    guard states.contains(answer.status) else {
      throw ServiceFault.refused(
        request: "\(method) \(path)", status: answer.status, body: answer.text)
    }
    return answer
  }
}
