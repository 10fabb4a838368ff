import Basics
import Clearing
import Store
import Tapping
import Tariff
import Testing

extension ClearingSuite {
  @Suite struct WhatIfTests {
    @Test func aReplayComesToWhatARealRatingAnewComesTo() async throws {
      try await House.with { house in
        var generator = SeededGenerator(seed: 11)
        var taps: [Tap] = []
        for number in 1...60 {
          let time =
            padded(Int.random(in: 6...22, using: &generator), 2) + ":"
            + padded(Int.random(in: 0...59, using: &generator), 2)
          let card = ["anna", "bohdan", "vira", "hryhorii"].randomElement(using: &generator)
          taps.append(
            try tap(
              Int64(number), time, card: card ?? "anna",
              day: Int.random(in: -2...0, using: &generator)))
        }
        try await house.journal(taps)
        try await house.service.drain()
        let booked = try await house.sums()
        let writes = try await house.number("select count(*) from ride")
        let first = try #require(Day("2026-11-21"))
        let days = first...first.adding(days: 1)

        let text = draft("test-2", from: "2026-11-21")
        let source = TariffSource(
          folder: "test", files: [TariffFile(path: TariffSource.mainPath, text: text)])
        let version = try #require(source.load().book?.versions.first)
        let replay = WhatIfReplay(store: house.store, city: house.city.current)
        let answer = try #require(try await replay.run(draft: version, over: days))
        #expect(try await house.number("select count(*) from ride") == writes)
        #expect(answer.riders == 4 && answer.staleDays == 0)

        let inPeriod = "where reversed_run_id is null and fare_day >= '2026-11-21'"
        let sum = "select coalesce(sum(charged_minor), 0)::bigint from ride \(inPeriod)"
        let product = try #require(answer.comparison.lines.first { $0.group == "product" })
        let products = answer.comparison.lines.filter { $0.group == product.group }
        #expect(try await house.number(sum) == products.reduce(0) { $0 + $1.nowMinor })

        try await house.publish(text)
        try await house.service.drain()
        #expect(try await house.number(sum) == products.reduce(0) { $0 + $1.draftMinor })
        #expect(
          try await house.number("select count(*) from ride \(inPeriod)")
            == Int64(products.reduce(0) { $0 + $1.rides }))
        #expect(try await house.sums() != booked)
        let audit = try await house.audit()
        #expect(audit.isSound, "\(audit.findings)")
      }
    }

    @Test func aDraftIsReplayedWhateverItsOwnDateIs() async throws {
      try await House.with { house in
        try await house.journal([
          try tap(1, "08:00"), try tap(2, "10:00"), try tap(3, "12:00", card: "bohdan"),
        ])
        try await house.service.drain()
        let text = draft("test-2", from: "2027-05-01", cap: "15.00")
        let source = TariffSource(
          folder: "test", files: [TariffFile(path: TariffSource.mainPath, text: text)])
        let version = try #require(source.load().book?.versions.first)
        let day = try #require(Day("2026-11-22"))
        let answer = try #require(
          try await WhatIfReplay(store: house.store, city: house.city.current)
            .run(draft: version, over: day...day))
        // Anna: 8 + 8 now, 10 and then the cap at 15; Bohdan: 8 now, 10.
        #expect(answer.comparison.unknownRides == (now: 0, draft: 0))
        #expect(answer.comparison.ridersMore == 1 && answer.comparison.ridersLess == 1)
        let lines = answer.comparison.lines.filter { $0.group == "category" }
        #expect(lines.map(\.nowMinor) == [2400] && lines.map(\.draftMinor) == [2500])
      }
    }

    @Test func withoutATariffThereIsNothingToCompareWith() async throws {
      try await House.with(tariff: nil) { house in
        let source = TariffSource(
          folder: "test", files: [TariffFile(path: TariffSource.mainPath, text: testTariff)])
        let version = try #require(source.load().book?.versions.first)
        let replay = WhatIfReplay(store: house.store, city: house.city.current)
        let day = version.firstDay
        #expect(try await replay.run(draft: version, over: day...day) == nil)
      }
    }

    @Test func theSumOfAllFaresIsWhatTheLedgerBooks() async throws {
      try await House.with { house in
        try await house.journal([
          try tap(1, "08:00"), try tap(2, "12:00"), try tap(3, "16:00"), try tap(4, "20:00"),
          try tap(5, "09:00", card: "bohdan"), try tap(6, "09:20", card: "bohdan"),
        ])
        try await house.service.drain()
        try await house.journal([try tap(7, "07:00"), try tap(8, "07:30", card: "vira")])
        try await house.service.drain()
        try await house.publish(draft("test-2", from: "2026-11-22"))
        try await house.service.drain()
        let fares = try await house.number(
          "select sum(charged_minor)::bigint from ride where reversed_run_id is null")
        // Anna 25 by the cap; Bohdan 10 and a free transfer; Vira 10.
        #expect(fares == 4500)
        #expect(
          try await house.number(
            "select sum(debit_minor - credit_minor)::bigint from posting where account = '1200'")
            == fares)
      }
    }
  }
}

extension House {
  /// What each rider owes, in minor units.
  fileprivate func sums() async throws -> [String] {
    try await texts(
      """
      select rider_id || ' ' || sum(charged_minor) from ride where reversed_run_id is null
      group by rider_id order by 1
      """)
  }
}
