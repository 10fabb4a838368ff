import AsyncHTTPClient
import Basics
package import Charging
import NIOCore
import NIOHTTP1

/// The acquirer over HTTP: JSON, with idempotency keys.
package final class HTTPAcquirer: Acquirer {
  /// Seconds to wait for an answer; what comes later comes as a message, or is asked again.
  package static let answerSecondsMax: Int64 = 20
  /// Seconds to wait for a connection.
  package static let connectSecondsMax: Int64 = 5
  /// Most bytes of an answer: 64 KiB.
  package static let answerBytesMax = 64 << 10

  package let concurrencyMax: Int
  package let capturesByFile = false
  private let base: String
  private let secret: String
  private let answerSeconds: Int64
  private let client: HTTPClient

  /// Prepares connections to an acquirer, such as `https://pay.example/transit`.
  package init(
    url: String, secret: String, concurrencyMax: Int = 16,
    answerSeconds: Int64 = HTTPAcquirer.answerSecondsMax
  ) {
    base = url.hasSuffix("/") ? String(url.dropLast()) : url
    self.secret = secret
    self.concurrencyMax = concurrencyMax
    self.answerSeconds = answerSeconds
    var configuration = HTTPClient.Configuration()
    configuration.httpVersion = .http1Only
    configuration.redirectConfiguration = .disallow
    configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = concurrencyMax
    configuration.timeout.connect = .seconds(Self.connectSecondsMax)
    configuration.timeout.read = .seconds(answerSeconds)
    client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
  }

  /// Closes all connections.
  package func close() async throws { try await client.shutdown() }

  /// Asks once; an answer that does not come in time is an unknown one.
  ///
  /// The client's own time ends with the head of an answer: its body may never come, or byte by byte.
  package func ask(_ request: AcquirerRequest) async -> AcquirerAnswer {
    let seconds = answerSeconds
    return await withTaskGroup(of: AcquirerAnswer.self) { group in
      group.addTask { await self.answer(to: request) }
      group.addTask {
        try? await Task.sleep(for: .seconds(seconds))
        return .unknown("no answer within \(seconds) s")
      }
      defer { group.cancelAll() }
      return await group.next() ?? .unknown("no answer")
    }
  }

  private func answer(to request: AcquirerRequest) async -> AcquirerAnswer {
    var message = HTTPClientRequest(url: base + AcquirerWire.path(request.operation))
    message.method = .POST
    message.headers.add(name: "content-type", value: "application/json")
    message.headers.add(name: "authorization", value: "Bearer \(secret)")
    message.headers.add(name: "idempotency-key", value: request.key.description)
    message.body = .bytes(ByteBuffer(bytes: AcquirerWire.body(of: request)))
    do {
      let response = try await client.execute(message, timeout: .seconds(answerSeconds))
      let body = try await response.body.collect(upTo: Self.answerBytesMax)
      return AcquirerWire.answer(
        status: Int(response.status.code), body: Array(body.readableBytesView))
    } catch {
      // The error may quote the request, and with it the secret: only its kind is told.
      return .unknown("no answer: \(type(of: error))")
    }
  }
}
