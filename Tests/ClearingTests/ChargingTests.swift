import AcquirerSupport
import Basics
import Charging
import Clearing
import SimulatedAcquirer
import Store
import Synchronization
import Tapping
import Testing

/// Never says anything.
private struct MuteAcquirer: Acquirer {
  let concurrencyMax = 1
  let capturesByFile = false

  func ask(_ request: AcquirerRequest) async -> AcquirerAnswer { .unknown("mute") }
}

extension ClearingSuite {
  @Suite struct Charging {
    /// 8.00 in the morning, 8.00 in the evening: 16.00 for the day.
    private func ride(_ house: CardHouse, day: Int = 0, first: Int64 = 1) async throws {
      try await house.house.journal(
        [
          try bankTap(first, "08:00", day: day), try bankTap(first + 1, "18:00", day: day),
        ], receivedAt: house.clock.now)
      try await house.work()
    }

    @Test func aDayIsOneCharge() async throws {
      try await CardHouse.with { house in
        try await ride(house)
        #expect(try await house.windows() == [])
        try await house.nextDay()
        #expect(try await house.windows() == ["2026-11-22 0 captured 1600 0"])
        // The acquirer owes what the rider owed; the fares' operator is not known.
        #expect(try await house.balances() == ["1120 1600", "2190 -1600"])
        let outcome = try await house.funding.take(house.fundingFile(), name: "f1.csv")
        #expect(outcome == .taken(number: 1, categories: [.matched: 1]))
        // 1.5 % of 16.00 is 0.24.
        #expect(try await house.balances() == ["1100 1576", "2190 -1600", "7100 24"])
        #expect(try await house.windows() == ["2026-11-22 0 settled 1600 0"])
        #expect(try await TapStateTests.states(house.house) == [.settled: 2])
      }
    }

    @Test func windowsCloseTwoHoursAfterTheFareDayHasEnded() async throws {
      try await CardHouse.with { house in
        try await ride(house)
        // The fare day of the 22nd ends on the 23rd at 04:00 in Kyiv.
        let closing = try #require(Instant(iso8601: "2026-11-23T06:00:00+02:00"))
        let next = house.charging.nextClosing(after: house.clock.now)
        #expect(next == (Day("2026-11-22"), closing))
        house.clock.advance(seconds: Int64(closing.secondsSince(house.clock.now)) - 1)
        try await house.work()
        #expect(try await house.windows() == [])
        house.clock.advance(seconds: 1)
        try await house.work()
        #expect(try await house.windows() == ["2026-11-22 0 captured 1600 0"])
        #expect(house.charging.nextClosing(after: house.clock.now).fareDay == Day("2026-11-23"))
      }
    }

    @Test func aCardIsAskedOnceForADayWhoseTapsAreOnTheirWay() async throws {
      try await CardHouse.with { house in
        try await ride(house)
        // The night's pass finds a tap of the day in the journal that nobody sorted yet.
        try await house.house.journal([try bankTap(3, "13:00")], receivedAt: house.clock.now)
        house.clock.advance(seconds: 86_400)
        try await house.charging.drain()
        #expect(try await house.windows() == [])
        try await house.work()
        #expect(try await house.windows() == ["2026-11-22 0 captured 2400 0"])
      }
    }

    @Test func windowsWaitForTapsNoLongerThanSoLong() async throws {
      try await CardHouse.with { house in
        try await ride(house)
        try await house.house.journal([try bankTap(3, "13:00")], receivedAt: house.clock.now)
        house.clock.advance(seconds: 86_400)
        try await house.charging.drain()
        house.clock.advance(seconds: Int64(ChargingPolicy().backlogWaitSecondsMax - 1))
        try await house.charging.drain()
        #expect(try await house.windows() == [])
        house.clock.advance(seconds: 1)
        try await house.charging.drain()
        #expect(try await house.windows() == ["2026-11-22 0 captured 1600 0"])
        try await house.work()
        #expect(
          try await house.windows() == [
            "2026-11-22 0 captured 1600 0", "2026-11-22 1 captured 800 0",
          ])
      }
    }

    /// No night closed the day before the first that anybody rode on: a validator was offline.
    @Test func aLateTapOfADayBeforeTheFirstClosedOneIsChargedAndProven() async throws {
      try await CardHouse.with { house in
        try await ride(house)
        try await house.nextDay()
        try await house.house.journal(
          [try bankTap(3, "08:00", day: -1)], receivedAt: house.clock.now)
        try await house.work()
        #expect(
          try await house.windows() == [
            "2026-11-21 0 captured 800 0", "2026-11-22 0 captured 1600 0",
          ])
        let audit = try await house.house.fullAudit()
        #expect(audit.isSound, "\(audit.findings)")
      }
    }

    /// The pause of a refund is counted by the database, and grows as that of a payment does.
    @Test func aRefundThatIsNeverAnsweredIsAskedForInGrowingPauses() async throws {
      try await CardHouse.with { house in
        try await ride(house)
        try await house.nextDay()
        try await house.house.publish(
          testTariff.replacing("adult: 8.00", with: "adult: 5.00")
            .replacing("version: test-1", with: "version: test-2")
            .replacing("from: 2026-01-01", with: "from: 2026-01-02"), at: house.clock.now)
        try await house.house.service.drain()
        let clock = house.clock
        let charging = ChargingService(
          store: house.house.store, city: house.house.city, acquirer: MuteAcquirer(), log: quiet,
          now: { clock.now })
        try await charging.drain()
        var pauses: [Int64] = []
        for _ in 0..<8 {
          let pause = try await house.house.number(
            """
            select extract(epoch from next_at - '\(house.clock.now)')::bigint from charge_refund
            where state = 'asking'
            """)
          pauses.append(pause)
          clock.advance(seconds: pause)
          try await charging.drain()
        }
        #expect(pauses == [60, 60, 120, 240, 480, 960, 1920, 3600])
      }
    }

    @Test func cardsOfStoredValueAreNotCharged() async throws {
      try await CardHouse.with { house in
        try await house.house.journal([try tap(1, "08:00")])
        try await house.work()
        try await house.nextDay()
        #expect(try await house.windows() == [])
        #expect(try await house.house.number("select count(*) from card_standing") == 0)
      }
    }

    @Test func aLateRideIsAWindowOfItsOwnAndAMendedFareAReturn() async throws {
      try await CardHouse.with { house in
        try await ride(house)
        try await house.nextDay()
        // 13:00 came a day late: the third ride of 8.00 reaches the cap of 24.00.
        try await house.house.journal(
          [try bankTap(3, "13:00")], receivedAt: house.clock.now)
        try await house.work()
        #expect(
          try await house.windows() == [
            "2026-11-22 0 captured 1600 0", "2026-11-22 1 captured 800 0",
          ])
        // The price falls to 5.00: three rides are 15.00, and 9.00 go back.
        try await house.house.publish(
          testTariff.replacing("adult: 8.00", with: "adult: 5.00")
            .replacing("version: test-1", with: "version: test-2")
            .replacing("from: 2026-01-01", with: "from: 2026-01-02"), at: house.clock.now)
        try await house.work()
        #expect(
          try await house.windows() == [
            "2026-11-22 0 captured 1600 0", "2026-11-22 1 captured 800 0",
            "2026-11-22 2 netted -900 0",
          ])
        #expect(
          try await house.house.texts(
            "select window_id || ' ' || minor || ' ' || state from charge_refund order by 1")
            == ["1 100 paid", "2 800 paid"])
        #expect(try await house.balances() == ["1120 1500", "2190 -1500"])
        #expect(
          try await house.funding.take(house.fundingFile(), name: "f1.csv")
            == .taken(number: 1, categories: [.matched: 4]))
        // 1.5 % of 16.00 and of 8.00: 0.24 and 0.12.
        #expect(try await house.balances() == ["1100 1464", "2190 -1500", "7100 36"])
      }
    }

    @Test func aDeclinedCardIsDeniedAndRecoveredByItsNextTap() async throws {
      // Seed 1 with every other key declined: attempts go on until one is taken.
      let mood = AcquirerMood(declines: 1, silences: 0, repeats: 0, delays: 0)
      try await CardHouse.with(mood: mood) { house in
        try await ride(house)
        #expect(
          try await house.house.texts("select reason from card_denial") == ["first_use"])
        try await house.nextDay()
        #expect(try await house.windows() == ["2026-11-22 0 retrying 1600 1600"])
        #expect(try await house.balances() == ["1200 1600", "2190 -1600"])
        let attempts = "select attempt || ' ' || tries from charge_window"
        #expect(try await house.house.texts(attempts) == ["1 0"])
        // A tap that the validator turned away makes the house try at once.
        try await house.house.journal(
          [try bankTap(3, "09:00", day: 1, accepted: false)], receivedAt: house.clock.now)
        try await house.work()
        #expect(try await house.house.texts(attempts) == ["2 0"])
        // The day after the decline the schedule's first try is due.
        try await house.nextDay()
        #expect(try await house.house.texts(attempts) == ["3 1"])
        let window = try await house.window()
        _ = try await house.debts.pay(window, minor: nil, channel: .cash, by: "olena")
        #expect(try await house.balances() == ["1110 1600", "2190 -1600"])
        #expect(
          try await house.house.texts(
            "select recovered_by || ' ' || (recovered_at - denied_at > '1 day') from card_denial")
            == ["desk true"])
      }
    }

    @Test func aDeclinedCardIsOnTheListOfValidatorsUntilItHasPaid() async throws {
      let mood = AcquirerMood(declines: 1, silences: 0, repeats: 0, delays: 0)
      try await CardHouse.with(mood: mood) { house in
        try await house.keepDenyList()
        func listed() async throws -> Int {
          try await house.house.store.read { try await $0.denyList.head().count }
        }
        try await ride(house)
        // The first-use check finds it bad.
        #expect(try await listed() == 1)
        let causes = "select reason from deny_cause where lifted_at is null order by 1"
        #expect(try await house.house.texts(causes) == ["first_use"])
        try await house.nextDay()
        let medium = try #require(
          try await house.house.store.read { db in
            try await db.denyList.causes(limit: 1).first?.medium
          })
        _ = try await house.house.store.write { db in
          try await db.denyList.deny(medium: medium, reason: "lost", at: house.clock.now)
        }
        let window = try await house.window()
        _ = try await house.debts.pay(window, minor: nil, channel: .cash, by: "olena")
        // It has paid, and is lost all the same.
        #expect(try await house.house.texts(causes) == ["lost"])
        #expect(try await listed() == 1)
        _ = try await house.house.store.write { db in
          try await db.denyList.allow(medium: medium, reason: "lost", at: house.clock.now)
        }
        #expect(try await listed() == 0)
        // Validators are told twice: that it is denied, and that it no longer is.
        #expect(try await house.house.number("select max(version) from deny_list_version") == 2)
      }
    }

    @Test func aFullDenyListStopsNoPayment() async throws {
      try await CardHouse.with { house in
        try await house.keepDenyList()
        // A million rows, without a look at their version for each.
        try await house.house.script(
          """
          alter table deny_list drop constraint deny_list_version_fkey;
          insert into deny_list_version (version, made_at, added, removed) values (1, now(), 0, 0)
          """)
        for part in 0..<10 {
          let size = DenyListFile.entriesMax / 10
          try await house.house.script(
            """
            insert into deny_list (fingerprint, is_denied, version)
            select int8send(\(part * size) + g), true, 1 from generate_series(1, \(size)) g
            """)
        }
        try await ride(house)
        house.acquirer.books.withLock { $0.mood.declines = 1 }
        try await house.nextDay()
        // It is declined and denied, and waits for room.
        #expect(
          try await house.house.texts("select reason from deny_cause where lifted_at is null")
            == ["declined"])
        #expect(
          try await house.house.number("select count(*) from deny_list where is_denied")
            == Int64(DenyListFile.entriesMax))
        let window = try await house.window()
        _ = try await house.debts.pay(window, minor: nil, channel: .cash, by: "olena")
        #expect(try await house.house.number("select count(*) from deny_list_version") == 1)
        #expect(
          try await house.house.number("select count(*) from deny_cause where lifted_at is null")
            == 0)
      }
    }

    @Test func aCardWhosePaymentIsDeclinedIsOnTheListUntilItPaysAtTheAcquirer() async throws {
      try await CardHouse.with { house in
        try await house.keepDenyList()
        func listed() async throws -> Bool {
          try await house.house.store.read { try await $0.denyList.head().count } == 1
        }
        try await ride(house)
        try await house.nextDay()
        #expect(try await !listed())
        let window = try await house.window()
        // The acquirer takes the capture back before it has paid.
        let declined = #"{"id":"X1","type":"declined","key":"w\#(window)-1","code":"51"}"#
        #expect(try await house.messages.take(Array(declined.utf8)) == .applied)
        #expect(try await listed())
        #expect(
          try await house.house.texts("select reason from deny_cause where lifted_at is null")
            == ["declined"])
        _ = try await house.debts.askNow(window, by: "olena")
        try await house.work()
        #expect(try await house.windows() == ["2026-11-22 0 captured 1600 0"])
        #expect(try await !listed())
      }
    }

    @Test func aDebtIsGivenUpByTwoPeople() async throws {
      let mood = AcquirerMood(declines: 1, silences: 0, repeats: 0, delays: 0)
      try await CardHouse.with(mood: mood) { house in
        try await ride(house)
        for _ in 0..<32 { try await house.nextDay() }
        #expect(try await house.windows() == ["2026-11-22 0 debt 1600 1600"])
        let window = try await house.window()
        let order = try await house.debts.proposeWriteOff(
          window, reason: "the card is closed", by: "olena")
        for same in ["olena", "Olena", " olena "] {
          await #expect(throws: MoneyRefusal.samePerson) {
            _ = try await house.debts.decide(order, isApproved: true, by: same)
          }
        }
        _ = try await house.debts.decide(order, isApproved: true, by: "taras")
        #expect(try await house.balances() == ["2190 -1600", "7200 1600"])
        await #expect(throws: MoneyRefusal.unfit("order 1 is approved already")) {
          _ = try await house.debts.decide(order, isApproved: true, by: "taras")
        }
        // It is paid after all.
        _ = try await house.debts.pay(window, minor: 1600, channel: .transfer, by: "olena")
        #expect(try await house.balances() == ["1100 1600", "2190 -1600"])
      }
    }

    @Test func aRefundIsNotMoreThanWasPaidAndNeedsASecondPerson() async throws {
      try await CardHouse.with { house in
        try await ride(house)
        try await house.nextDay()
        let window = try await house.window()
        await #expect(throws: MoneyRefusal.self) {
          _ = try await house.debts.proposeRefund(window, minor: 1601, reason: "x", by: "olena")
        }
        let order = try await house.debts.proposeRefund(
          window, minor: 500, reason: "the bus broke down", by: "olena")
        _ = try await house.debts.decide(order, isApproved: true, by: "taras")
        try await house.work()
        // The fares' operator bears it; here the one that is not known.
        #expect(try await house.balances() == ["1120 1100", "2190 -1100"])
        await #expect(throws: MoneyRefusal.self) {
          _ = try await house.debts.proposeRefund(window, minor: 1101, reason: "x", by: "olena")
        }
      }
    }

    @Test func whatADeskTookIsGivenBackByNoFile() async throws {
      let mood = AcquirerMood(declines: 1, silences: 0, repeats: 0, delays: 0)
      try await CardHouse.with(mood: mood, byFile: true) { house in
        try await ride(house)
        for _ in 0..<32 { try await house.nextDay() }
        let window = try await house.window()
        _ = try await house.debts.pay(window, minor: nil, channel: .cash, by: "olena")
        let order = try await house.debts.proposeRefund(
          window, minor: 500, reason: "the bus broke down", by: "olena")
        _ = try await house.debts.decide(order, isApproved: true, by: "taras")
        let desk = ClearingFileDesk(service: house.charging, merchant: "city")
        #expect(try await desk.make() == nil)
        #expect(
          try await house.house.texts("select state || ', ' || fault from charge_refund")
            == ["failed, paid at a desk: pay it back there"])
        // It is owed until a desk has paid it back.
        #expect(try await house.balances() == ["1110 1600", "2190 -1100", "2220 -500"])
      }
    }

    @Test func clearingFilesAreMadeOnceAndCanBeMadeAgain() async throws {
      try await CardHouse.with(byFile: true) { house in
        try await ride(house)
        try await house.nextDay()
        #expect(try await house.windows() == ["2026-11-22 0 authorised 1600 1600"])
        let desk = ClearingFileDesk(service: house.charging, merchant: "city")
        let file = try #require(try await desk.make())
        #expect(try await desk.make() == nil)
        #expect(file.lines.map(\.minor) == [1600])
        #expect(file.lines.map(\.cardToken) == [Array("visa-anna".utf8)])
        #expect(try await house.windows() == ["2026-11-22 0 captured 1600 0"])
        let again = try await desk.remake(1)
        #expect(again?.bytes == file.bytes)
        #expect(try await desk.list().map(\.digest) == [FileDigest.of(file.bytes)])
      }
    }

    /// The name of the house may be found out after files were made.
    @Test func aClearingFileIsTheSameBytesWhoeverGivesItOut() async throws {
      try await CardHouse.with(byFile: true) { house in
        try await ride(house)
        try await house.nextDay()
        let made = try #require(
          try await ClearingFileDesk(service: house.charging, merchant: "city").make())
        let other = ClearingFileDesk(service: house.charging, merchant: "KYIV-01")
        #expect(try await other.remake(1)?.bytes == made.bytes)
        let given = try await other.giveOut { file in
          #expect(file.merchant == "city" && file.bytes == made.bytes)
        }
        #expect(given == ["clearing-000001.csv"])
      }
    }

    /// Of files that were made before this was kept nobody knows the name any more.
    @Test func aFileOfBeforeSaysThatItMayBeOfAnotherMerchant() async throws {
      try await CardHouse.with(byFile: true) { house in
        try await ride(house)
        try await house.nextDay()
        let desk = ClearingFileDesk(service: house.charging, merchant: "city")
        let made = try #require(try await desk.make())
        try await house.house.script("update acquirer_file set merchant = null")
        #expect(try await desk.waiting().map(\.bytes) == [made.bytes])
        let other = ClearingFileDesk(service: house.charging, merchant: "KYIV-01")
        let fault = await #expect(throws: StoreFault.self) { _ = try await other.waiting() }
        #expect(fault?.description.contains("as another merchant than KYIV-01") == true)
      }
    }
  }
}

extension String {
  fileprivate func replacing(_ part: String, with other: String) -> String {
    guard let range = firstRange(of: part) else { return self }
    return self[..<range.lowerBound] + other + self[range.upperBound...]
  }
}
