import ArgumentParser
import Basics
import Foundation
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import ServiceClient
import SimulatedAcquirer
import Synchronization

/// An acquirer that misbehaves as told, by seed, and keeps books of its own.
struct AcquirerCommand: AsyncParsableCommand {
  /// Most bytes of a question: 64 KiB.
  static let questionBytesMax = 64 << 10
  /// Seconds for which an answer that will not come holds the connection.
  static let silenceSecondsMax = 30

  static let configuration = CommandConfiguration(
    commandName: "acquirer",
    abstract: "Serves a card acquirer that declines, times out, answers twice and late.",
    discussion: """
      Answers POST /v1/checks, /v1/authorisations, /v1/captures and /v1/refunds with JSON, each key \
      as it was answered first. Signed messages go to --events. GET /v1/books shows its books; \
      POST /v1/funding?date=2026-11-22 gives the next funding file. The same seed gives each key \
      the same fate, in whatever order they come.
      """)

  @Option(help: "Port to listen on; 0 is any free one.")
  var port = 0

  @Option(help: "Decides each question's fate.")
  var seed: UInt64 = 1

  @Option(help: "Share of payments and checks declined, 0 to 1.")
  var decline = 0.05

  @Option(help: "Share of questions that are carried out and never answered.")
  var timeout = 0.02

  @Option(help: "Share of messages sent twice.")
  var twice = 0.1

  @Option(help: "Share of questions answered with \"wait\", and later by a message.")
  var late = 0.05

  @Option(help: "Seconds after which a message goes out, at most.")
  var lateSeconds = 30

  @Option(help: "Where messages go: http://127.0.0.1:8080/v1/acquirer/events; none without it.")
  var events: String?

  @Option(help: "Secret that the house asks with, and that signs messages.")
  var secret = "simulated"

  @Option(help: "Merchant in funding files.")
  var merchant = "city"

  @Option(help: "Currency of funding files.")
  var currency = "UAH"

  func validate() throws {
    for share in [decline, timeout, twice, late] where !(0...1).contains(share) {
      throw ValidationError("A share is from 0 to 1.")
    }
    guard (0...65_535).contains(port), lateSeconds > 0 else {
      throw ValidationError("A port is 0 to 65535, and messages take a second or more.")
    }
  }

  func run() async throws {
    let mood = AcquirerMood(
      declines: decline, silences: timeout, repeats: twice, delays: late,
      delaySecondsMax: lateSeconds)
    let server = AcquirerServer(
      books: AcquirerBooks(seed: seed, mood: mood), secret: secret,
      events: events.map { ServiceClient(base: $0, adminToken: nil) }, merchant: merchant,
      currency: currency)
    var log = Logger(label: "acquirer")
    log.logLevel = .warning
    let application = Application(
      router: server.router(), configuration: .init(address: .hostname("127.0.0.1", port: port)),
      onServerRunning: { channel in
        let port = channel.localAddress?.port ?? 0
        FileHandle.standardOutput.write(
          Data("acquirer ready http://127.0.0.1:\(port)\n".utf8))
      }, logger: log)
    try await application.runService()
  }
}

/// The server around the books of a simulated acquirer.
private final class AcquirerServer: Sendable {
  private let books: Mutex<AcquirerBooks>
  private let secret: String
  private let events: ServiceClient?
  private let merchant: String
  private let currency: String

  init(
    books: consuming AcquirerBooks, secret: String, events: ServiceClient?, merchant: String,
    currency: String
  ) {
    self.books = Mutex(books)
    self.secret = secret
    self.events = events
    self.merchant = merchant
    self.currency = currency
  }

  func router() -> Router<BasicRequestContext> {
    let router = Router()
    for path in ["/v1/checks", "/v1/authorisations", "/v1/captures", "/v1/refunds"] {
      router.post(RouterPath(path)) { request, _ in try await self.ask(path, request) }
    }
    router.get("/v1/books") { _, _ in
      Self.response(200, "application/json", self.books.withLock { $0.json })
    }
    router.post("/v1/funding") { request, _ in
      guard let day = request.uri.queryParameters["date"].flatMap({ Day($0) }) else {
        return Self.response(400, "text/plain", Array("name a ?date=2026-11-22\n".utf8))
      }
      let file = self.books.withLock {
        $0.funding(on: day, merchant: self.merchant, currency: self.currency)
      }
      return Self.response(200, "text/csv", file)
    }
    return router
  }

  private func ask(_ path: String, _ request: Request) async throws -> Response {
    guard request.headers[.authorization] == "Bearer \(secret)" else {
      return Self.response(401, "application/json", Array("{\"status\":\"unknown_caller\"}".utf8))
    }
    let buffer = try await request.body.collect(upTo: AcquirerCommand.questionBytesMax)
    let key = HTTPField.Name("idempotency-key").flatMap { request.headers[$0] }
    let reply = books.withLock {
      $0.answer(path: path, body: Array(buffer.readableBytesView), idempotencyKey: key ?? "")
    }
    if let events {
      for message in reply.messages { send(message, to: events) }
    }
    if reply.isSilent { try await Task.sleep(for: .seconds(AcquirerCommand.silenceSecondsMax)) }
    return Self.response(reply.status, "application/json", reply.body)
  }

  /// Sends a message later, whatever becomes of the connection that brought it about.
  private func send(_ message: LateMessage, to events: ServiceClient) {
    let key = Array(secret.utf8)
    Task {
      try await Task.sleep(for: .seconds(message.afterSeconds))
      let now = Instant(microseconds: Int64(Date().timeIntervalSince1970 * 1_000_000))
      let signature = messageSignature(message.body, secret: key, at: now)
      let answer = try? await events.send(
        "POST", "",
        headers: [("content-type", "application/json"), ("acquirer-signature", signature)],
        body: message.body)
      if let answer, answer.status >= 300 {
        FileHandle.standardError.write(
          Data("a message was answered with \(answer.status): \(answer.text)\n".utf8))
      }
    }
  }

  private static func response(_ status: Int, _ type: String, _ body: [UInt8]) -> Response {
    Response(
      status: .init(code: status), headers: [.contentType: type],
      body: .init(byteBuffer: ByteBuffer(bytes: body)))
  }
}
