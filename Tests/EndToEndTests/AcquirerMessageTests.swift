import Basics
import Foundation
import NIOCore
import NIOPosix
import Postgres
import Programs
import ServiceClient
import SimulatedCity
import Tapping
import Testing
import Transit

/// A service and an acquirer that declines, answers late and tells things twice, each as a program, over HTTP both ways.
@Suite(
  .enabled(if: PrivateCluster.isPossible, "skipped: no PostgreSQL"), .serialized, .serverTurn)
struct AcquirerMessageTests {
  private static let cards = 30

  /// A port that nobody listens on, for the program has to know before the service where messages go.
  private static func freePort() async throws -> Int {
    let server = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
      .bind(host: "127.0.0.1", port: 0).get()
    let port = try #require(server.localAddress?.port)
    try await server.close()
    return port
  }

  /// Each card rides once, on a tram of the day before yesterday.
  private func ride(with service: KvytokService) async throws {
    let feed = service.data.appendingPathComponent("city.zip")
    try Data(CityFeed(seed: 1).zip()).write(to: feed)
    let imported = try await service.run(["network", "import", feed.path])
    #expect(imported.exitCode == 0, "\(imported.errors)")
    let device = SignedDevice(id: "V-1", secret: "a test")
    #expect(try await device.enroll(vehicle: "101", with: service.client))
    let morning = Instant(
      seconds: Int64(try CityToday.day.adding(days: -2).number) * 86_400 + 8 * 3600)
    let taps = (1...Self.cards).map { number in
      Tap(
        seq: Int64(number), at: morning.adding(seconds: Int64(number)), kind: .single,
        medium: .bank, token: Array("card \(number)".utf8), vehicle: "101",
        route: CityPlan.lines[0].id)
    }
    let body = TapBatchJSON.encode(
      TapBatch(
        device: "V-1", epoch: 1, sentAt: morning.adding(seconds: 3600), taps: taps))
    let answer = try await device.postTaps(body: body, with: service.client).answer
    #expect(answer.accepted == Self.cards)
  }

  /// The captured payments of the acquirer's books, each by its window, with the amount.
  private static func captured(_ books: [UInt8]) throws -> Set<String> {
    let json = try JSONSerialization.jsonObject(with: Data(books)) as? [String: Any]
    let payments = try #require(json?["payments"] as? [[String: Any]])
    return Set(
      try payments.filter { $0["captured"] as? Bool == true }.map { payment in
        let key = try #require(payment["key"] as? String)
        let minor = try #require(payment["amount_minor"] as? Int)
        return "\(key.prefix { $0 != "-" }) \(minor)"
      })
  }

  @Test func anAcquirerThatAnswersLateAndTwiceIsBookedAsItsOwnBooksHaveIt() async throws {
    let port = try await Self.freePort()
    let acquirer = try await SimulatedAcquirerProgram.start([
      "--decline", "0.2", "--timeout", "0", "--late", "0.5", "--late-seconds", "1", "--twice",
      "0.5", "--events", "http://127.0.0.1:\(port)/v1/acquirer/events",
    ])
    let data = try await KvytokService.preparedData()
    defer { try? FileManager.default.removeItem(at: data) }
    let settings = data.appendingPathComponent("settings.json")
    try Data(#"{"acquirer_url": "\#(acquirer.url)", "acquirer_secret": "simulated"}"#.utf8)
      .write(to: settings)
    let service = try await KvytokService(
      data: data, port: port, arguments: ["--config", settings.path])
    try await ride(with: service)
    try await LedgerCommandTests.asOwner(service) { pool in
      func number(_ sql: String) async throws -> Int64 {
        try await pool.session { db in try await db.query(sql).only().int8(0) }
      }
      let windows = "select count(*) from charge_window"
      let done = try await eventually { () -> Int64? in
        let done = try await number("\(windows) where state in ('captured', 'retrying', 'debt')")
        return done == Self.cards ? done : nil
      }
      #expect(done == Int64(Self.cards))
      #expect(try await number(windows) == Int64(Self.cards))
      let captured = try await number("\(windows) where state = 'captured'")
      let client = ServiceClient(base: acquirer.url, adminToken: nil)
      let books = try await client.sendOnce("GET", "/v1/books").answer
      try await client.close()
      let own = try await pool.session { db in
        try await db.query(
          "select 'w' || window_id || ' ' || captured_minor from charge_window where captured_minor > 0"
        ).map { try $0.text(0) }
      }
      #expect(try Self.captured(books.body) == Set(own))
      #expect(own.count == Int(captured) && captured > 0)
      // A check and a payment of each card, and a capture, have a message at least.
      let messages = 2 * Int64(Self.cards) + captured
      let told = try await eventually { () -> Int64? in
        let told = try await number("select count(*) from acquirer_message")
        return told >= messages ? told : nil
      }
      #expect(told ?? 0 >= messages)
      // What was answered with "wait" is known by a message alone.
      let outcome = "select count(*) from acquirer_message where outcome"
      #expect(try await number("\(outcome) = 'taken'") > 0)
      #expect(try await number("\(outcome) = 'known already'") > 0)
      #expect(try await number("\(outcome) not in ('taken', 'known already')") == 0)
    }
    let kept = try await service.run(["acquirer", "messages"])
    #expect(kept.exitCode == 0 && kept.output == "no message waits\n", "\(kept.output)")
    let sound = try await service.run(["ledger", "verify"])
    #expect(sound.exitCode == 0, "\(sound.output)")
    try await service.stop()
    acquirer.program.signal(SIGTERM)
    let end = await acquirer.program.end()
    #expect(!end.errors.contains("a message was answered with"), "\(end.errors)")
  }
}
