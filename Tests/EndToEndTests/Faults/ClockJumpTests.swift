import Basics
import EventLoop
import Foundation
import Postgres
import Programs
import ServiceClient
import SimulatedCity
import Tapping
import Testing
import Transit

/// A day in the middle of a month, and the end of its fare day.
private struct ClockedDay {
  /// Seconds from the machine's time to two hours before the end of the fare day.
  let aheadSeconds: Int64
  /// The fare day that ends.
  let day: String
  let month: String

  /// The next day whose neighbours are of the same month, in the city of the tariff.
  init() throws {
    var calendar = Calendar(identifier: .gregorian)
    calendar.timeZone = try #require(TimeZone(identifier: "Europe/Kyiv"))
    let formatter = DateFormatter()
    formatter.calendar = calendar
    formatter.timeZone = calendar.timeZone
    formatter.locale = Locale(identifier: "en_US_POSIX")
    formatter.dateFormat = "yyyy-MM-dd"
    let days = (1...4).compactMap { calendar.date(byAdding: .day, value: $0, to: Date()) }
    let day = try #require(
      days.first { day in
        let months = [-1, 0, 1].compactMap { calendar.date(byAdding: .day, value: $0, to: day) }
          .map { calendar.component(.month, from: $0) }
        return Set(months).count == 1
      })
    let next = try #require(calendar.date(byAdding: .day, value: 1, to: day))
    let start = try #require(calendar.date(bySettingHour: 2, minute: 0, second: 0, of: next))
    aheadSeconds = Int64(start.timeIntervalSince(Date()))
    self.day = formatter.string(from: day)
    month = String(self.day.prefix(7))
  }
}

/// A batch as PostgreSQL has it, with one of its taps.
private struct StoredTap: Sendable {
  let device: String
  let seq: Int64
  let deviceAt: Instant
  let tappedAt: Instant
  let sentAt: Instant
  let receivedAt: Instant
  let isOnItsDay: Bool
  let batch: Int64

  static func all(_ pool: PostgresPool) async throws -> [StoredTap] {
    try await pool.session { db in
      try await db.query(
        """
        select t.device_id, t.seq, t.device_at, t.tapped_at, b.sent_at, b.received_at,
          t.fare_day = (t.tapped_at at time zone 'Europe/Kyiv' - interval '4 hours')::date, b.batch_id
        from tap t join tap_batch b using (device_id, epoch, batch_id)
        """
      ).map {
        StoredTap(
          device: try $0.text(0), seq: try $0.int8(1), deviceAt: try $0.timestamptz(2),
          tappedAt: try $0.timestamptz(3), sentAt: try $0.timestamptz(4),
          receivedAt: try $0.timestamptz(5), isOnItsDay: try $0.bool(6), batch: try $0.int8(7))
      }
    }
  }

  /// The time of the tap by the rule of the protocol: a lead that is proven, in quarters of an hour.
  var atByTheRule: Instant {
    let quarters = (max(0, sentAt.seconds - receivedAt.seconds) + 450) / 900
    return deviceAt.adding(seconds: quarters <= 26 * 4 ? -quarters * 900 : 0)
  }
}

extension FaultTests {
  /// How far the service's clock is ahead of the true time, one after the other: an hour ahead, back, a
  /// day behind, just before the end of the fare day, past it, and back before it.
  private static let jumps: [Int64] = [0, 3600, 0, -86_400, 0, 7198, 10_800, 0]
  /// Batches of each validator between two jumps.
  private static let batchesPerJump = 4

  @Test(.enabled(if: ServiceClock.isPossible, "skipped: no clang"))
  func aClockThatJumpsLosesAndDoublesNothing() async throws {
    let day = try ClockedDay()
    let clock = try await ServiceClock(aheadSeconds: day.aheadSeconds)
    let data = try TemporaryFolder.make("clock-data")
    defer { try? FileManager.default.removeItem(at: data) }
    let service = try await KvytokService(data: data, clock: clock)
    let loop = EventLoop.start(name: "clock")
    let pool = PostgresPool(
      configuration: PostgresConfiguration(
        socketFolder: data.appendingPathComponent("postgres/socket").path,
        user: PrivateCluster.userName, database: PrivateCluster.databaseName), loop: loop)
    do {
      try await Self.giveNetwork(service)
      try await Self.jump(clock, from: day, service, pool)
    } catch {
      await pool.close()
      await loop.shutdown()
      _ = try? await service.stop()
      throw error
    }
    await pool.close()
    await loop.shutdown()
    try await service.stop()
  }

  /// A network, so that rides have fares and fares have entries.
  private static func giveNetwork(_ service: KvytokService) async throws {
    let feed = service.data.appendingPathComponent("city.zip")
    try Data(CityFeed(seed: 1).zip()).write(to: feed)
    let imported = try await service.run(["network", "import", feed.path])
    try #require(imported.exitCode == 0, "\(imported.errors)")
    let isKnown = try await eventually { () -> Bool? in
      let routes = try await service.client.send("GET", "/v1/network/routes")
      return routes.text.contains(ClockedFleet.route) ? true : nil
    }
    try #require(isKnown == true)
  }

  private static func jump(
    _ clock: ServiceClock, from day: ClockedDay, _ service: KvytokService, _ pool: PostgresPool
  ) async throws {
    let fleet = ClockedFleet(
      count: 6, trueAheadSeconds: day.aheadSeconds, client: service.client)
    try await fleet.post {
      for ahead in jumps {
        try clock.set(aheadSeconds: day.aheadSeconds + ahead)
        let before = fleet.heard.batches
        let goesOn = try await eventually(withinSeconds: 600) { () -> Bool? in
          let now = fleet.heard.batches
          return fleet.devices.allSatisfy {
            now[$0.id, default: 0] >= before[$0.id, default: 0] + batchesPerJump
          } ? true : nil
        }
        #expect(goesOn == true, "not all were heard \(ahead) s ahead: \(fleet.heard.refusals)")
      }
    }
    try expectSentences(fleet)
    try await expectEachTapOnce(fleet, service)
    try await expectTimesExplained(fleet, day, pool)
    try await expectNothingBookedAhead(day, pool)
    let verified = try await service.run(["ledger", "verify", "--from-taps"])
    #expect(verified.exitCode == 0, "\(verified.output) \(verified.errors)")
  }

  /// Sessions went on, or ended with a word by which the device opened another.
  private static func expectSentences(_ fleet: ClockedFleet) throws {
    let heard = fleet.heard
    let known: Set = [
      "session_expired", "handshake_clock", "checkpoint_due", "store_unavailable", "overloaded",
    ]
    #expect(Set(heard.refusals.keys).isSubset(of: known), "\(heard.refusals)")
    for code in ["session_expired", "handshake_clock", "checkpoint_due"] {
      #expect(heard.refusals[code, default: 0] > 0, "nobody was told \(code)")
    }
    #expect(heard.mute.isEmpty, "\(heard.mute.first ?? "")")
    // A session of a day outlives all jumps; one of half an hour does not.
    for (number, device) in fleet.devices.enumerated() where number % 3 > 0 {
      let opened = heard.sessions[device.id, default: 0]
      #expect(number % 3 == 1 ? opened == 1 : opened > 1, "\(device.id) opened \(opened)")
    }
  }

  /// What was acknowledged is there once and has its fare.
  private static func expectEachTapOnce(
    _ fleet: ClockedFleet, _ service: KvytokService
  ) async throws {
    struct Told: Decodable {
      let seq: Int64
      let state: String
    }
    let acknowledged = fleet.heard.acknowledged
    for device in fleet.devices {
      let wanted = acknowledged[device.id, default: [:]].keys.sorted()
      #expect(wanted.count > jumps.count * batchesPerJump)
      let told = try await eventually(withinSeconds: 600) { () -> [Told]? in
        var told: [Told] = []
        while true {
          let page = try await service.client.auditPage(
            device: device.id, epoch: 1, after: told.map(\.seq).max() ?? 0
          ).split(separator: 10)
          if page.isEmpty { break }
          told += try page.map { try JSONDecoder().decode(Told.self, from: Data($0)) }
        }
        return told.allSatisfy { $0.state == "rated" } ? told : nil
      }
      let rated = try #require(told, "taps of \(device.id) are not rated after two minutes")
      #expect(rated.map(\.seq).sorted() == wanted, "\(device.id)")
    }
  }

  /// Each batch was received at a time that some setting of the clock explains, and each tap lies at the
  /// time and on the fare day that the rule gives.
  private static func expectTimesExplained(
    _ fleet: ClockedFleet, _ day: ClockedDay, _ pool: PostgresPool
  ) async throws {
    let acknowledged = fleet.heard.acknowledged
    let signing = Set(
      fleet.devices.enumerated().filter { $0.offset % 3 == 0 }.map(\.element.id))
    let taps = try await StoredTap.all(pool)
    #expect(taps.count == acknowledged.values.reduce(0) { $0 + $1.count })
    var found: Set<Int64> = []
    for tap in taps {
      let posted = ClockedFleet.Posted(at: tap.deviceAt, sentAt: tap.sentAt)
      #expect(acknowledged[tap.device]?[tap.seq] == posted, "\(tap)")
      #expect(tap.tappedAt == tap.atByTheRule && tap.isOnItsDay, "\(tap)")
      // Who signs each batch never set its clock: what is between its time and ours is the jump.
      guard signing.contains(tap.device) else { continue }
      let difference = tap.receivedAt.seconds - tap.sentAt.seconds
      let jump = jumps.first { ($0 - 1...$0 + 240).contains(difference) }
      if let jump { found.insert(jump) }
      #expect(jump != nil, "received \(difference) s after it was sent: \(tap)")
    }
    #expect(found == Set(jumps))
  }

  /// No entry counts in a month that has not come, or on a day that no clock ever showed.
  private static func expectNothingBookedAhead(
    _ day: ClockedDay, _ pool: PostgresPool
  ) async throws {
    let (months, strayCount) = try await pool.session { db in
      let row = try await db.query(
        """
        select coalesce(string_agg(distinct to_char(accounting_date, 'YYYY-MM'), ' '), ''),
          count(*) filter (where accounting_date not between $1::date - 1 and $1::date + 1)
        from entry
        """, [.text(day.day)]
      ).only()
      return (try row.text(0), try row.int8(1))
    }
    #expect(months == day.month && strayCount == 0)
  }
}
