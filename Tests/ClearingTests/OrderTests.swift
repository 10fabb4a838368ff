import Basics
import Clearing
import Ledger
import Postgres
import Store
import Tapping
import Testing

extension ClearingSuite {
  /// Order of arrival, batching and the number of workers never change one minor unit.
  @Suite struct OrderTests {
    /// Taps of a few riders over three days on a few devices, near each other in time on purpose.
    static func world(seed: UInt64) throws -> [(device: String, tap: Tap)] {
      var chance = SeededGenerator(seed: seed)
      var numbers: [String: Int64] = [:]
      return try (0..<120).map { _ in
        let device = "V-\(chance.integer(in: 1...4))"
        let seq = numbers[device, default: 0] + 1
        numbers[device] = seq
        let time =
          padded(chance.integer(in: 0...23), 2) + ":" + padded(chance.integer(in: 0...59), 2)
        let card = "card-\(chance.integer(in: 1...6))"
        return (device, try tap(seq, time, card: card, day: chance.integer(in: -2...0)))
      }
    }

    /// Puts the taps into the journal in random batches and order, clearing in between.
    static func deliver(
      _ world: [(device: String, tap: Tap)], to house: House, seed: UInt64
    ) async throws {
      var chance = SeededGenerator(seed: seed)
      var rest = world.shuffled(using: &chance)
      while let first = rest.first {
        let size = chance.integer(in: 1...7)
        let batch = rest.filter { $0.device == first.device }.prefix(size).map(\.tap)
        rest.removeAll { item in
          item.device == first.device && batch.contains { $0.seq == item.tap.seq }
        }
        try await house.journal(batch, device: first.device)
        if chance.chance(0.3) { try await house.service.pass() }
      }
      try await house.service.drain()
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func theOrderOfDeliveryNeverChangesAFare(seed: UInt64) async throws {
      let world = try Self.world(seed: seed)
      let inOrder = try await House.with { house in
        for (device, tap) in world { try await house.journal([tap], device: device) }
        try await house.service.drain()
        return (try await house.rides(), try await house.owed())
      }
      #expect(inOrder.0.count == 120)
      let shuffled = try await House.with { house in
        try await Self.deliver(world, to: house, seed: seed + 100)
        let audit = try await house.audit()
        #expect(audit.isSound, "seed \(seed): \(audit.findings)")
        return (try await house.rides(), try await house.owed())
      }
      #expect(inOrder.0 == shuffled.0, "seed \(seed)")
      #expect(inOrder.1 == shuffled.1, "seed \(seed)")
    }

    @Test func twoWorkersGiveTheSameBooksAsOne() async throws {
      let world = try Self.world(seed: 7)
      let one = try await House.with { house in
        try await Self.deliver(world, to: house, seed: 8)
        return try await house.rides()
      }
      let two = try await House.with { house in
        for (device, tap) in world { try await house.journal([tap], device: device) }
        let other = ClearingService(
          store: house.store, city: house.city, tokenKey: house.tokenKey, log: quiet,
          now: { House.noon })
        async let first: Void = house.service.drain()
        async let second: Void = other.drain()
        _ = try await (first, second)
        // A worker stops when the other holds all lanes that have work.
        try await house.service.drain()
        #expect(try await house.audit().isSound)
        return try await house.rides()
      }
      #expect(one == two)
    }
  }

  /// Whoever changes the books behind the program's back is found out.
  @Suite struct AuditTests {
    static let forgeries = [
      "update ride set charged_minor = charged_minor + 1 where ride_id = 1",
      "delete from ride where ride_id = 2",
      "update posting set debit_minor = debit_minor + 1 where entry_id = 1 and line = 1",
      "delete from posting where entry_id = 1",
      "update entry set accounting_date = accounting_date - 1 where entry_id = 1",
      "delete from tap where seq = 1",
      "update tap set tapped_at = tapped_at + interval '29 minutes' where seq = 1",
    ]

    @Test(arguments: forgeries) func aForgeryIsFound(_ forgery: String) async throws {
      try await House.with { house in
        try await house.journal([
          try tap(1, "08:00"), try tap(2, "08:40"), try tap(3, "12:00", card: "bohdan"),
        ])
        try await house.service.drain()
        #expect(try await house.audit().isSound)
        try await house.script(House.forging(forgery))
        #expect(try await !house.audit().isSound, "not found: \(forgery)")
      }
    }

    /// Rates the three rides of a day anew, by other operators, and books their fares as `fault` has them: the run
    /// that did so.
    ///
    /// The program itself books it, so that every digest is right.
    private static func rateAnew(
      _ house: House, by operators: [String?],
      booking fault: @Sendable (inout FareDifference) -> Void = { _ in }
    ) async throws -> Int64 {
      let (rider, day) = (house.rider("anna"), try #require(Day("2026-11-22")))
      let (lane, today) = (Lane.of(rider), day.adding(days: 1))
      return try await house.store.write { db in
        let standing = try await db.rating.standingRides(
          lane: lane, days: [RiderDay(rider: rider, fareDay: day)])
        var rated = standing.map(\.ride).sorted { $0.boarding.seq < $1.boarding.seq }
        for (place, name) in zip(rated.indices, operators) { rated[place].operatorID = name }
        let difference = RideDifference(
          standing: standing, rated: rated, sharedBy: SharingRules(nil))
        var fares = difference.fareDifferences
        for place in fares.indices { fault(&fares[place]) }
        let runID = try await db.books.addRun(
          ClearingRunRow(
            lane: lane, accountingDate: today, startedAt: House.noon, riderDays: 1, taps: 3,
            ridesAdded: difference.added.count, ridesReversed: difference.reversed.count))
        try await db.rating.reverse(difference.reversed, lane: lane, runID: runID)
        try await db.rating.insert(difference.added, runID: runID)
        try await db.books.add(
          try BookingDifference.entries(
            runID: runID, accountingDate: today, differences: fares), at: House.noon)
        try await db.rideSums.add(difference.sums(accountingDate: today), lane: lane)
        return runID
      }
    }

    @Test func faresBookedToAnotherOperatorOrFareDayAreFound() async throws {
      try await House.with { house in
        try await house.journal([
          try tap(1, "08:00"), try tap(2, "11:00"), try tap(3, "14:00"),
        ])
        try await house.service.drain()
        _ = try await Self.rateAnew(house, by: ["tram", "tram", "bus"])
        #expect(try await house.fullAudit().findings == [])
        // The bus is to get 8.00 of the tram; the names change places.
        let swapped = try await Self.rateAnew(house, by: ["bus", "bus", "tram"]) { fare in
          fare.operatorID = fare.operatorID == "bus" ? "tram" : "bus"
        }
        let rides = "clearing run \(swapped): its rides of 2026-11-22 with operator"
        let names = [
          "\(rides) bus come to 800 UAH minor units, its entry to -800",
          "\(rides) tram come to -800 UAH minor units, its entry to 800",
        ]
        #expect(try await house.fullAudit().findings == names)
        let early = try await Self.rateAnew(house, by: [nil, nil, nil]) { fare in
          fare.fareDay = fare.fareDay.adding(days: -1)
        }
        func told(_ day: String, _ name: String, _ minor: Int, _ booked: Int) -> String {
          "clearing run \(early): its rides of \(day) with \(name) come to \(minor) UAH minor units, "
            + "its entry to \(booked)"
        }
        #expect(
          try await house.fullAudit().findings == names + [
            told("2026-11-21", "no known operator", 0, 2400),
            told("2026-11-21", "operator bus", 0, -1600),
            told("2026-11-21", "operator tram", 0, -800),
            told("2026-11-22", "no known operator", 2400, 0),
            told("2026-11-22", "operator bus", -1600, 0),
            told("2026-11-22", "operator tram", -800, 0),
          ])
      }
    }

    @Test func whatWasBookedCannotBeChangedByMistake() async throws {
      try await House.with { house in
        try await house.journal([try tap(1, "08:00")])
        try await house.service.drain()
        for statement in [
          "update posting set debit_minor = 1", "delete from entry",
          "insert into posting values (1, 9, '1200', null, null, 5, 0)",
        ] {
          await #expect(throws: (any Error).self, "\(statement)") {
            try await house.script(statement)
          }
        }
      }
    }
  }
}
