import Acquiring
import Basics
import Charging
import Foundation
import NIOCore
import NIOPosix
import Postgres
import Programs
import ServiceClient
import Tapping
import Testing
import Transit

/// Begins an answer of 90 bytes and never goes on.
private final class HeadOnly: ChannelInboundHandler, Sendable {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 90\r\n\r\n{"
    context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: head)), promise: nil)
  }
}

/// `validator-sim acquirer` as a process of its own.
private struct SimulatedAcquirerProgram {
  let program: RunningProgram
  let url: String

  static func start(_ arguments: [String]) async throws -> SimulatedAcquirerProgram {
    let path = Command.path.deletingLastPathComponent().appendingPathComponent("validator-sim")
    let program = try await RunningProgram.start(path, ["acquirer"] + arguments)
    let line = try await eventually { () -> String? in
      program.output.split(separator: "\n").first.map(String.init)
    }
    let words = try #require(line, "\(program.errors)").split(separator: " ")
    return SimulatedAcquirerProgram(program: program, url: String(words[2]))
  }
}

@Suite struct AcquirerAdapterTests {
  private func request(
    _ operation: AcquirerRequest.Operation, window: Int64 = 1
  ) throws -> AcquirerRequest {
    AcquirerRequest(
      key: .window(window, attempt: 1), operation: operation,
      currency: try #require(Currency("UAH")), cardToken: Array("visa".utf8))
  }

  /// A proxy or a cut network may leave an answer standing after its head.
  @Test func anAnswerWhoseBodyNeverComesIsNotKnownInTime() async throws {
    let server = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
      .childChannelInitializer { channel in channel.pipeline.addHandler(HeadOnly()) }
      .bind(host: "127.0.0.1", port: 0).get()
    let port = try #require(server.localAddress?.port)
    let acquirer = HTTPAcquirer(
      url: "http://127.0.0.1:\(port)", secret: "test", answerSeconds: 1)
    let answer = await acquirer.ask(try request(.authorise(minor: 800)))
    guard case .unknown = answer else {
      Issue.record("\(answer)")
      return
    }
    try await acquirer.close()
    try await server.close()
  }

  @Test func whatIsAskedOverHTTPIsWhatTheAcquirerBooks() async throws {
    let simulated = try await SimulatedAcquirerProgram.start([
      "--decline", "0", "--timeout", "0", "--late", "0", "--twice", "0",
    ])
    let acquirer = HTTPAcquirer(url: simulated.url + "/", secret: "simulated")
    func reference(_ operation: AcquirerRequest.Operation) async throws -> String {
      guard case .done(let reference) = await acquirer.ask(try request(operation)) else {
        throw CancellationError()
      }
      return reference
    }
    #expect(try await !reference(.check).isEmpty)
    let payment = try await reference(.authorise(minor: 800))
    #expect(try await reference(.authorise(minor: 800)) == payment)
    _ = try await reference(.capture(minor: 800, reference: payment))
    // Under a key that was used for another sum, and as a stranger.
    guard case .refused = await acquirer.ask(try request(.authorise(minor: 900))) else {
      Issue.record("another sum under the same key was taken")
      return
    }
    let stranger = HTTPAcquirer(url: simulated.url, secret: "wrong")
    guard case .refused = await stranger.ask(try request(.check, window: 2)) else {
      Issue.record("a wrong secret was taken")
      return
    }
    let client = ServiceClient(base: simulated.url, adminToken: nil)
    let books = try await client.sendOnce("GET", "/v1/books").answer.text
    #expect(
      books.contains(#""key":"w1-1""#) && books.contains(#""amount_minor":800"#)
        && books.contains(#""captured":true"#), "\(books)")
    // A key that the header says otherwise than the body is asked about nothing.
    let other = try await client.sendOnce(
      "POST", "/v1/checks",
      headers: [("authorization", "Bearer simulated"), ("idempotency-key", "w9-9")],
      body: AcquirerWire.body(of: try request(.check))
    ).answer
    #expect(other.status == 400 && other.text.contains("key_differs"))
    try await client.close()
    try await acquirer.close()
    try await stranger.close()
    simulated.program.signal(SIGTERM)
    _ = await simulated.program.end()
  }
}

@Suite(.enabled(if: PrivateCluster.isPossible, "skipped: no PostgreSQL"))
struct AcquirerFileServiceTests {
  /// Cards are taken to be good, and what they are to pay stands in the file of the day.
  @Test func theServiceGivesTheAcquirerAFileOfWhatCardsArePayingThatOnlyItMayRead() async throws {
    let data = try TemporaryFolder.make("data")
    let out = try TemporaryFolder.make("clearing")
    defer {
      try? FileManager.default.removeItem(at: data)
      try? FileManager.default.removeItem(at: out)
    }
    let settings = data.appendingPathComponent("settings.json")
    try Data(
      #"{"acquirer_files": true, "acquirer_out": "\#(out.path)", "acquirer_files_at": "00:00"}"#
        .utf8
    ).write(to: settings)
    let service = try await KvytokService(data: data, arguments: ["--config", settings.path])
    let device = SignedDevice(id: "V-1", secret: "a test")
    _ = try await device.enroll(vehicle: "101", with: service.client)
    let ridden = Instant(microseconds: Int64(Date().timeIntervalSince1970) * 1_000_000)
      .adding(seconds: -3 * 86_400)
    let taps = ["visa-1", "visa-2"].enumerated().map { index, card in
      Tap(
        seq: Int64(index + 1), at: ridden.adding(seconds: Int64(index)), kind: .single,
        medium: .bank, token: Array(card.utf8))
    }
    let body = TapBatchJSON.encode(
      TapBatch(device: "V-1", epoch: 1, sentAt: ridden.adding(seconds: 60), taps: taps))
    let (answer, _) = try await device.postTaps(body: body, with: service.client)
    #expect(answer.accepted == 2)
    let path = out.appendingPathComponent("clearing-000001.csv").path
    let isThere = try await eventually(withinSeconds: 60) { () -> Bool? in
      FileManager.default.fileExists(atPath: path) ? true : nil
    }
    try #require(isThere == true, "\(service.program.errors)")
    let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
    #expect(lines.first?.hasPrefix("H,KVYTOK-CLEARING,1,1,") == true)
    let captures = lines.filter { $0.hasPrefix("C,") }
    for card in ["visa-1", "visa-2"] {
      #expect(captures.contains { $0.contains(hexText(Array(card.utf8))) }, "\(lines)")
    }
    #expect(lines.count == 4 && lines.last?.hasPrefix("T,2,") == true)
    let facts = try FileManager.default.attributesOfItem(atPath: path)
    #expect(facts[.posixPermissions] as? Int == 0o600)
    #expect(try FileManager.default.contentsOfDirectory(atPath: out.path).count == 1)
    try await service.stop()
  }

  /// In a file payments would count as taken that the acquirer was never asked for.
  @Test func aHouseThatAsksOverHTTPGivesNoFiles() async throws {
    let data = try TemporaryFolder.make("data")
    defer { try? FileManager.default.removeItem(at: data) }
    let settings = data.appendingPathComponent("settings.json")
    try Data(#"{"acquirer_url": "http://127.0.0.1:9", "acquirer_secret": "test"}"#.utf8)
      .write(to: settings)
    let service = try await KvytokService(data: data, arguments: ["--config", settings.path])
    let refused = try await service.run(["acquirer", "export"])
    #expect(refused.exitCode == 2 && refused.errors.contains("over HTTP"), "\(refused.errors)")
    try await service.stop()
  }

  /// Anybody could sign with no secret.
  @Test func anEmptySecretOpensNoWayForMessages() async throws {
    let data = try TemporaryFolder.make("data")
    defer { try? FileManager.default.removeItem(at: data) }
    let settings = data.appendingPathComponent("settings.json")
    try Data(#"{"acquirer_files": true, "acquirer_secret": ""}"#.utf8).write(to: settings)
    let service = try await KvytokService(data: data, arguments: ["--config", settings.path])
    let answer = try await service.client.sendOnce(
      "POST", "/v1/acquirer/events", headers: [("acquirer-signature", "t=1,v1=00")],
      body: Array("{}".utf8)
    ).answer
    #expect(answer.status == 404 && answer.text.contains("no_acquirer"), "\(answer.text)")
    try await service.stop()
  }
}
