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
struct SimulatedAcquirerProgram {
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

@Suite(.serverTurn) struct AcquirerAdapterTests {
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

  /// A card is taken to be good and a payment authorised; what is to be paid stands in a file.
  @Test func whatIsAskedByFilesIsPromisedAndWrittenOnceForTheAcquirerOnly() async throws {
    let acquirer = FileAcquirer()
    #expect(await acquirer.ask(try request(.check)) == .done(reference: "w1-1"))
    #expect(await acquirer.ask(try request(.authorise(minor: 800))) == .done(reference: "w1-1"))
    for operation in [
      AcquirerRequest.Operation.capture(minor: 800, reference: "w1-1"),
      .refund(minor: 800, reference: "w1-1"),
    ] {
      guard case .unknown = await acquirer.ask(try request(operation)) else {
        Issue.record("\(operation) was answered before any file")
        return
      }
    }
    let home = try TemporaryFolder.make("clearing")
    defer { try? FileManager.default.removeItem(at: home) }
    let out = home.appendingPathComponent("out").path
    let folder = AcquirerFolder(out: out, in: home.appendingPathComponent("in").path)
    let file = ClearingFile(
      number: 1, date: try #require(Day("2026-11-22")), merchant: "city",
      currency: try #require(Currency("UAH")),
      lines: [
        ClearingFile.Line(
          key: .window(1, attempt: 1), reference: "w1-1", cardToken: Array("visa".utf8),
          minor: 800, isRefund: false)
      ])
    #expect(try folder.write(file))
    #expect(try !folder.write(file))
    let path = out + "/clearing-000001.csv"
    #expect(FileManager.default.contents(atPath: path) == Data(file.bytes))
    let facts = try FileManager.default.attributesOfItem(atPath: path)
    #expect(facts[.posixPermissions] as? Int == 0o600)
    #expect(try FileManager.default.contentsOfDirectory(atPath: out).count == 1)
    // One of another city, or of before a restore, is not this one: it stays, and this one is not given out.
    try Data("H,another\n".utf8).write(to: URL(fileURLWithPath: path))
    #expect(throws: ClearingFileFault.self) { try folder.write(file) }
    #expect(FileManager.default.contents(atPath: path) == Data("H,another\n".utf8))
    #expect(try FileManager.default.contentsOfDirectory(atPath: out).count == 1)
  }

  /// What the acquirer paid would stay unbooked without a word.
  @Test func aFundingFileMayEndInCapitalsAndOneOfAnotherEndingIsNamed() throws {
    let home = try TemporaryFolder.make("endings")
    defer { try? FileManager.default.removeItem(at: home) }
    let folder = AcquirerFolder(out: home.path + "/out", in: home.path + "/in")
    let before = Instant(microseconds: Int64(Date().timeIntervalSince1970 * 1_000_000))
    #expect(try folder.waiting(now: before).isEmpty && folder.leftAlone(now: before).isEmpty)
    try FileManager.default.createDirectory(
      atPath: home.path + "/in/taken", withIntermediateDirectories: true)
    let whole = try FundingFileTests.file()
    for name in ["funding-1.csv", "FUNDING-2.CSV", "funding-3.txt", ".funding-4.csv.part"] {
      try whole.write(to: home.appendingPathComponent("in/" + name))
    }
    let now = before.adding(seconds: 1)
    #expect(try folder.waiting(now: now) == ["FUNDING-2.CSV", "funding-1.csv"])
    // It may still be on its way, under a name that it does not keep.
    #expect(try folder.leftAlone(now: now).isEmpty)
    #expect(try folder.leftAlone(now: now.adding(seconds: 120)) == ["funding-3.txt"])
  }
}

@Suite(.enabled(if: PrivateCluster.isPossible, "skipped: no PostgreSQL"), .serverTurn)
struct AcquirerFileServiceTests {
  /// In a file payments would count as taken that the acquirer was never asked for.
  @Test func aHouseThatAsksOverHTTPGivesNoFiles() async throws {
    let data = try await KvytokService.preparedData()
    defer { try? FileManager.default.removeItem(at: data) }
    let settings = data.appendingPathComponent("settings.json")
    try Data(#"{"acquirer_url": "http://127.0.0.1:9", "acquirer_secret": "test"}"#.utf8)
      .write(to: settings)
    let service = try await KvytokService(data: data, arguments: ["--config", settings.path])
    let refused = try await service.run(["acquirer", "export"])
    #expect(refused.exitCode == 2 && refused.errors.contains("over HTTP"), "\(refused.errors)")
    try await service.stop()
  }

  /// A file under another name, or in another folder, is one that the acquirer never gets.
  @Test func commandsExchangeFilesAsTheServiceBesideThemDoes() async throws {
    let data = try await KvytokService.preparedData()
    let copy = try TemporaryFolder.make("copy")
    let place = try TemporaryFolder.make("exchange")
    defer { for folder in [data, copy, place] { try? FileManager.default.removeItem(at: folder) } }
    let settings = data.appendingPathComponent("settings.json")
    let (out, incoming) = (place.path + "/out", place.path + "/in")
    try Data(
      #"{"acquirer_files": true, "merchant": "KYIV-01", "acquirer_out": "\#(out)", "acquirer_in": "\#(incoming)"}"#
        .utf8
    ).write(to: settings)
    let service = try await KvytokService(data: data, arguments: ["--config", settings.path])
    try await service.stop()
    try FileManager.default.createDirectory(atPath: incoming, withIntermediateDirectories: true)
    let foreign = incoming + "/funding.csv"
    try FundingFileTests.file(merchant: "city").write(to: URL(fileURLWithPath: foreign))
    try await TemporaryFolder.copy(data, into: copy)
    // On a copy nothing of the city's is taken or made, unless somebody says so.
    for (words, option) in [("export", "--acquirer-out"), ("import", "--acquirer-in")] {
      let refused = try await Command.run(["acquirer", words, "--data", copy.path])
      #expect(refused.exitCode == 2 && refused.errors.contains(option), "\(refused.errors)")
    }
    #expect(FileManager.default.fileExists(atPath: foreign))
    let own = copy.appendingPathComponent("acquirer/out").path
    let named = try await Command.run([
      "acquirer", "export", "--data", copy.path, "--acquirer-out", own,
    ])
    #expect(named.exitCode == 0 && named.output.contains("nothing to write"), "\(named)")
    // What came long ago, and is of no ending that is taken, is named.
    let other = incoming + "/funding.txt"
    try Data("H".utf8).write(to: URL(fileURLWithPath: other))
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSinceNow: -3600)], ofItemAtPath: other)
    let taken = try await Command.run(["acquirer", "import", "--data", data.path])
    #expect(
      taken.errors.contains("do not end in .csv: funding.txt")
        && FileManager.default.fileExists(atPath: other), "\(taken.errors)")
    #expect(
      taken.exitCode == 1 && taken.output.contains("of merchant city, and the house is KYIV-01"),
      "\(taken)")
    #expect(!FileManager.default.fileExists(atPath: foreign))
  }

  /// Anybody could sign with no secret.
  @Test func anEmptySecretOpensNoWayForMessages() async throws {
    let data = try await KvytokService.preparedData()
    defer { try? FileManager.default.removeItem(at: data) }
    let settings = data.appendingPathComponent("settings.json")
    try Data(#"{"acquirer_files": true, "acquirer_secret": ""}"#.utf8).write(to: settings)
    let service = try await KvytokService(data: data, arguments: ["--config", settings.path])
    let answer = try await service.client.sendOnce(
      "POST", "/v1/acquirer/events",
      headers: [("content-type", "application/json"), ("acquirer-signature", "t=1,v1=00")],
      body: Array("{}".utf8)
    ).answer
    #expect(answer.status == 404 && answer.text.contains("no_acquirer"), "\(answer.text)")
    try await service.stop()
  }
}
