import AcquirerSupport
import Basics
import Clearing
import Insight
import Postgres
import SimulatedAcquirer
import Store
import Synchronization
import Tapping
import Testing
import Transit

extension ClearingSuite {
  /// A bank card, its phones, and a second card of one rider: one charge window a day.
  @Suite struct PaymentAccounts {
    private static let reference = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012"

    private func phoneTap(_ seq: Int64, _ time: String, day: Int = 0) throws -> Tap {
      var made = try bankTap(seq, time, card: "phone", day: day)
      made.medium = .phone
      return made
    }

    private func act(_ house: CardHouse) -> RiderAct {
      RiderAct(actor: "desk 1", reason: "test", at: house.clock.now)
    }

    private func link(_ house: CardHouse) async throws {
      for (word, kind) in [("visa-anna", MediumKind.bank), ("phone", .phone)] {
        _ = try await house.house.riders.link(
          house.house.medium(word, kind), accountReference: Self.reference, by: act(house))
      }
    }

    private func journal(_ taps: [Tap], _ house: CardHouse) async throws {
      try await house.house.journal(taps, receivedAt: house.clock.now)
      try await house.work()
    }

    @Test func aPhoneIsChargedLikeTheCardThatItIs() async throws {
      try await CardHouse.with { house in
        try await journal([try phoneTap(1, "08:00"), try phoneTap(2, "18:00")], house)
        try await house.nextDay()
        #expect(try await house.windows() == ["2026-11-22 0 captured 1600 0"])
        #expect(try await house.balances() == ["1120 1600", "2190 -1600"])
        let window = try await house.window()
        let phone = house.house.medium("phone", .phone)
        #expect(
          try await house.house.texts("select medium_id::text from charge_window")
            == ["\(phone)"])
        #expect(house.acquirer.books.withLock { $0.allPayments.map(\.key) } == ["w\(window)-1"])
        #expect(try await TapStateTests.states(house.house) == [.billed: 2])
      }
    }

    /// A rating that changes nothing makes no run, so that no run can bring the window of such a day.
    @Test func aDayThatWaitsForItsRatingIsChargedAlsoWhenNothingChanges() async throws {
      try await CardHouse.with { house in
        try await journal([try bankTap(1, "08:00")], house)
        _ = try await house.house.pool.session { db in
          try await db.execute(
            "update fare_day set stale_since = now(), stale_cause = 'entitlement'", [])
        }
        house.clock.advance(seconds: 86_400)
        try await house.charging.drain()
        #expect(try await house.windows().isEmpty)
        try await house.work()
        #expect(try await house.windows() == ["2026-11-22 0 captured 800 0"])
        #expect(try await house.house.number("select count(*) from charge_day_waiting") == 0)
        try await house.house.expectSound()
      }
    }

    /// A window could only be declined: its rides stay owed, and are asked for when the account is known.
    @Test func aPhoneOfNoKnownAccountIsNotAskedUntilItIsKnown() async throws {
      try await CardHouse.with(mood: AcquirerMood(declines: 1)) { house in
        try await journal([try phoneTap(1, "08:00"), try bankTap(2, "09:00")], house)
        try await house.nextDay()
        let card = house.house.medium("visa-anna", .bank)
        #expect(
          try await house.house.texts("select medium_id::text from charge_window") == ["\(card)"])
        // Nor does a ride that comes late open one.
        try await journal([try phoneTap(3, "12:00")], house)
        #expect(try await house.house.number("select count(*) from charge_window") == 1)
        #expect(try await house.house.number("select count(*) from charge_day_waiting") == 1)
        #expect(try await house.balances() == ["1200 2400", "2190 -2400"])
        try await house.house.expectSound()
        _ = try await house.house.riders.link(
          house.house.medium("phone", .phone), accountReference: Self.reference, by: act(house))
        try await house.work()
        let phone = house.house.medium("phone", .phone)
        #expect(
          try await house.house.texts(
            "select amount_minor || ' ' || medium_id from charge_window where number = 0 order by 1"
          )
            == ["1600 \(phone)", "800 \(card)"])
        #expect(try await house.house.number("select count(*) from charge_day_waiting") == 0)
        try await house.house.expectSound()
      }
    }

    /// Nothing looks at the days that wait, until something makes the account known; should that word
    /// have been missed, once a day.
    @Test func aPhoneThatWaitsIsLeftAloneUntilItIsWokenOrADayCloses() async throws {
      try await CardHouse.with(mood: AcquirerMood(declines: 1)) { house in
        try await journal([try phoneTap(1, "08:00")], house)
        try await house.nextDay()
        let marks = "select waits_for_account::text from charge_day_waiting"
        #expect(try await house.house.texts(marks) == ["true"])
        try await house.house.script(
          """
          set session_replication_role = replica;
          update medium set account_reference = '\(Self.reference)';
          set session_replication_role = origin
          """)
        try await house.work()
        #expect(try await house.house.texts(marks) == ["true"])
        try await house.nextDay()
        #expect(try await house.house.texts(marks) == [])
        #expect(try await house.house.number("select count(*) from charge_window") == 1)
        try await house.house.expectSound()
      }
    }

    @Test(arguments: ["merged", "replaced", "taken", "erased"])
    func whatMakesAnAccountKnownWakesTheDaysThatWait(by way: String) async throws {
      try await CardHouse.with(mood: AcquirerMood(declines: 1)) { house in
        try await journal([try phoneTap(1, "08:00"), try bankTap(2, "09:00", day: 1)], house)
        try await house.nextDay()
        #expect(
          try await house.house.number(
            "select count(*) from charge_day_waiting where waits_for_account") == 1)
        let phone = house.house.medium("phone", .phone)
        let card = house.house.medium("visa-anna", .bank)
        let rider = RiderID(high: phone.high, low: phone.low)
        switch way {
        case "merged":
          _ = try await house.house.riders.merge(
            rider, into: RiderID(high: card.high, low: card.low), by: act(house))
        case "replaced":
          try await house.house.script(
            "update medium set rider_id = '\(rider)' where medium_id = '\(card)'")
        case "taken":
          try await house.house.script(
            """
            insert into charge_event (medium_id, at, kind, actor)
            values ('\(phone)', now(), 'card_good', 'acquirer')
            """)
        default:
          _ = try await house.house.riders.erase(
            rider, by: act(house), randomBytes: { [UInt8](repeating: 7, count: $0) })
        }
        #expect(
          try await house.house.number(
            "select count(*) from charge_day_waiting where waits_for_account") == 0)
        try await house.work()
        #expect(try await house.house.number("select count(*) from charge_day_waiting") == 0)
        #expect(
          try await house.house.number(
            "select count(*) from charge_window where fare_day = '2026-11-22'")
            == (way == "erased" ? 0 : 1))
        // Nobody is asked for an erased rider's ride: it was given up.
        #expect(try await house.house.accounts()["7200"] == (way == "erased" ? 800 : nil))
        // Kept sums too, after the window went to another rider or to nobody.
        if way == "merged" || way == "erased" { try await house.house.expectSound() }
      }
    }

    @Test func aPhoneOfNoKnownAccountIsAskedOnceTheAcquirerTakesIt() async throws {
      try await CardHouse.with { house in
        // No acquirer is heard of before the fare day is over.
        _ = try await phoneWithoutAccount(house)
        #expect(try await house.windows().isEmpty)
        try await house.work()
        #expect(try await house.windows() == ["2026-11-22 0 captured 800 0"])
        try await house.house.expectSound()
      }
    }

    /// A worker that asks no acquirer: nothing but what a test plants makes an account known.
    private func windowsAlone(_ house: CardHouse) -> ChargingService {
      ChargingService(
        store: house.house.store, city: house.house.city, acquirer: nil, log: quiet,
        now: { [clock = house.clock] in clock.now })
    }

    /// A phone rode, its day is closed, and no account of it is known.
    private func phoneWithoutAccount(_ house: CardHouse) async throws -> ChargingService {
      let alone = windowsAlone(house)
      try await house.house.journal([try phoneTap(1, "08:00")], receivedAt: house.clock.now)
      try await house.clearing.drain()
      house.clock.advance(seconds: 86_400)
      try await alone.drain()
      return alone
    }

    /// What makes an account known is under way while the day begins to wait, and ends after that was looked
    /// at: neither does it see the day, nor does who looks at the day see the account.
    @Test(arguments: [
      """
      insert into charge_event (medium_id, at, kind, actor)
      values ('PHONE', now(), 'card_good', 'acquirer')
      """,
      "update medium set account_reference = '\\x01' where medium_id = 'PHONE'",
      """
      insert into medium (medium_id, rider_id, kind, first_seen_at)
      values (gen_random_uuid(), 'PHONE', 'bank', now())
      """,
    ])
    func aPhoneIsChargedWhoseAccountBecomesKnownWhileItsDayBeginsToWait(by word: String)
      async throws
    {
      try await CardHouse.with { house in
        let alone = windowsAlone(house)
        try await house.house.journal([try bankTap(1, "08:00")], receivedAt: house.clock.now)
        try await house.clearing.drain()
        house.clock.advance(seconds: 86_400)
        try await alone.drain()
        // Rated after its day was closed, and charging has not looked at it.
        try await house.house.journal([try phoneTap(2, "12:00")], receivedAt: house.clock.now)
        try await house.clearing.drain()
        let phone = house.house.medium("phone", .phone)
        let windows = "select amount_minor::text from charge_window where medium_id = '\(phone)'"
        try await house.house.pool.session { other in
          try await other.script(
            "begin; \(word.replacing("PHONE", with: "\(phone)"))")
          try await alone.pass()
          try await alone.pass()
          #expect(
            try await house.house.texts("select waits_for_account::text from charge_day_waiting")
              == ["false"])
          #expect(try await house.house.texts(windows) == [])
          try await other.script("commit")
        }
        try await alone.drain()
        #expect(try await house.house.texts(windows) == ["800"])
        #expect(try await house.house.number("select count(*) from charge_day_waiting") == 0)
      }
    }

    @Test func anAccountThatBecomesKnownWhileDaysAreBeingMarkedWakesThem() async throws {
      try await CardHouse.with { house in
        let alone = try await phoneWithoutAccount(house)
        try await house.house.script("update charge_day_waiting set waits_for_account = false")
        let phone = house.house.medium("phone", .phone)
        let word = try await house.house.store.write { db async throws -> Task<Void, any Error> in
          #expect(try await db.charging.markWithoutAccount(countMax: 10) == 1)
          let word = Task {
            try await house.house.script(
              """
              insert into charge_event (medium_id, at, kind, actor)
              values ('\(phone)', now(), 'card_good', 'acquirer')
              """)
          }
          #expect(try await house.house.isWaited())
          return word
        }
        try await word.value
        #expect(
          try await house.house.texts("select waits_for_account::text from charge_day_waiting")
            == ["false"])
        try await alone.drain()
        #expect(try await house.windows() == ["2026-11-22 0 closed 800 800"])
      }
    }

    /// What is told of a day that waits is what is known of its phone, and not what was when it was marked.
    @Test func whatIsStuckSaysOfAPhoneWhatTheReconciliationSays() async throws {
      try await CardHouse.with { house in
        _ = try await phoneWithoutAccount(house)
        let day = try #require(Day("2026-11-22"))
        func reasons() async throws -> [String] {
          let stuck = try await TapStateTests.stuck(.rated, house.house, at: house.clock.now)
          let report = try await InsightDesk(store: house.house.store, city: house.house.city)
            .report(.reconciliation, days: day...day, madeAt: house.clock.now)
          let rests = try #require(report.tables.first { $0.key == "remainders" })
          return stuck.map(\.reason) + rests.rows.map { $0[1].plain }
        }
        #expect(
          try await reasons()
            == ["charged, and no payment account is known of the phone", "no account"])
        try await house.house.script(
          """
          set session_replication_role = replica;
          update medium set account_reference = '\\x01';
          set session_replication_role = origin
          """)
        #expect(
          try await reasons() == [
            "rated after its day was closed, and its windows wait for the difference", "no window",
          ])
      }
    }

    @Test func aPhoneOfTheSameAccountIsInTheWindowOfTheCard() async throws {
      try await CardHouse.with { house in
        try await journal([try bankTap(1, "08:00"), try phoneTap(2, "08:10")], house)
        try await link(house)
        // Of one rider, the second ride is a transfer.
        try await journal([try phoneTap(3, "12:00"), try bankTap(4, "18:00")], house)
        try await house.nextDay()
        #expect(try await house.windows() == ["2026-11-22 0 captured 2400 0"])
        #expect(try await house.balances() == ["1120 2400", "2190 -2400"])
        try await house.house.expectSound()
      }
    }

    /// Card and phone rode as two riders, with a window each, when it becomes known that they are
    /// one: both windows stay what they are, and what the day costs less goes back.
    @Test func closedWindowsOfBothStayAndTheDifferenceGoesBack() async throws {
      try await CardHouse.with { house in
        try await journal(
          [
            try bankTap(1, "08:00"), try phoneTap(2, "08:10"), try bankTap(3, "12:00"),
            try phoneTap(4, "16:00"), try phoneTap(5, "20:00"),
          ], house)
        try await house.nextDay()
        #expect(
          try await house.windows().sorted()
            == ["2026-11-22 0 captured 1600 0", "2026-11-22 0 captured 2400 0"])
        try await link(house)
        try await house.work()
        // 40.00 were taken; one rider pays 24.00 at most. 16.00 go back, nothing is asked anew.
        #expect(
          try await house.house.texts(
            "select state || ' ' || amount_minor from charge_window order by number"
          )
          .sorted() == ["captured 1600", "captured 2400", "netted -1600"])
        #expect(
          try await house.house.number("select count(distinct rider_id) from charge_window") == 1)
        #expect(
          try await house.house.texts("select sum(minor) || ' ' || min(state) from charge_refund")
            == ["1600 paid"])
        #expect(
          house.acquirer.books.withLock { $0.allPayments.map(\.minor).sorted() } == [1600, 2400])
        #expect(try await house.balances() == ["1120 2400", "2190 -2400"])
        #expect(try await house.house.number("select count(*) from charge_day_waiting") == 0)
        try await house.house.expectSound()
      }
    }

    /// One window is on its way to the acquirer when its rider becomes another's.
    @Test func aWindowThatIsBeingAskedKeepsItsNameWhenRidersAreMerged() async throws {
      let silent = AcquirerMood(declines: 0, silences: 1, repeats: 0, delays: 0)
      try await CardHouse.with(mood: silent) { house in
        try await journal(
          [try bankTap(1, "08:00", card: "visa-1"), try bankTap(2, "09:00", card: "visa-2")], house)
        try await house.nextDay()
        #expect(
          try await house.windows()
            == ["2026-11-22 0 authorising 800 800", "2026-11-22 0 authorising 800 800"])
        let (one, two) = (house.house.medium("visa-1", .bank), house.house.medium("visa-2", .bank))
        _ = try await house.house.riders.merge(
          RiderID(high: one.high, low: one.low), into: RiderID(high: two.high, low: two.low),
          by: act(house))
        for _ in 0..<4 {
          house.clock.advance(seconds: 61)
          try await house.work()
        }
        #expect(
          try await house.windows()
            == ["2026-11-22 0 captured 800 0", "2026-11-22 1 captured 800 0"])
        #expect(
          Set(try await house.house.texts("select medium_id::text from charge_window"))
            == ["\(one)", "\(two)"])
        #expect(try await house.balances() == ["1120 1600", "2190 -1600"])
        // The charge of the rider who came is no correction, and is not told as one.
        let day = Day(number: 20_779)
        let charges = try await RiderChargeDesk(store: house.house.store).told(
          of: RiderID(high: two.high, low: two.low), days: day...day
        ).charges
        #expect(charges.map { $0.sentences(in: .english).count } == [1, 2])
        #expect(
          charges.last?.sentences(in: .english).last?.hasPrefix("apart from the first charge")
            == true)
        try await house.house.expectSound()
      }
    }

    /// A fare day that is not closed is split between two riders until they are merged.
    @Test func anOpenDayThatWasSplitIsOneWindow() async throws {
      try await CardHouse.with { house in
        try await journal(
          [try bankTap(1, "08:00"), try phoneTap(2, "12:00"), try bankTap(3, "18:00", day: 1)],
          house)
        house.clock.advance(seconds: 3600)
        try await link(house)
        try await house.nextDay()
        try await house.nextDay()
        #expect(
          try await house.windows()
            == ["2026-11-22 0 captured 1600 0", "2026-11-23 0 captured 800 0"])
        try await house.house.expectSound()
      }
    }

    @Test func anAccountThatOwesIsDeniedWithAllItsMediaAndLetOnWithAll() async throws {
      let poor = AcquirerMood(declines: 1, silences: 0, repeats: 0, delays: 0)
      try await CardHouse.with(mood: poor) { house in
        try await house.keepDenyList()
        try await journal([try bankTap(1, "08:00")], house)
        try await house.nextDay()
        try await journal([try phoneTap(2, "08:00", day: 1)], house)
        // The first-use check was declined too; it is none of what is looked at here.
        let phone = house.house.medium("phone", .phone)
        try await house.house.script(
          """
          update card_standing set state = 'good', next_at = null, asked_at = null
          where medium_id = '\(phone)';
          delete from card_denial where medium_id = '\(phone)';
          """)
        #expect(
          try await house.house.texts("select state from card_standing order by 1")
            == ["denied", "good"])
        try await link(house)
        #expect(
          try await house.house.texts("select distinct state from card_standing") == ["denied"])
        // The debt is paid at a desk: both are let on.
        let debts = try await house.house.store.read { db in try await db.charging.debts() }
        for debt in debts {
          _ = try await house.debts.pay(debt.id, minor: nil, channel: .cash, by: "olena")
        }
        #expect(!debts.isEmpty)
        #expect(
          try await house.house.texts("select distinct state from card_standing") == ["good"])
        #expect(
          try await house.house.number(
            "select count(*) from card_denial where recovered_at is null") == 0)
      }
    }

    /// A phone that the app registers, tapped for the first time ten days later.
    @Test func aPhoneThatIsRegisteredBeforeItsFirstTapIsCheckedWhenItTaps() async throws {
      try await CardHouse.with { house in
        house.clock.set(House.noon)
        try await house.house.register("phone", .phone)
        let checks = "select kind from charge_event where kind like '%check%' or kind like 'card%'"
        for _ in 0..<60 {
          house.clock.advance(seconds: 60)
          try await house.charging.drain()
        }
        #expect(try await house.house.texts("select kind from charge_event") == [])
        #expect(
          try await house.house.texts("select concat_ws(' ', state, attempt) from card_standing")
            == ["unknown 0"])
        house.clock.advance(seconds: 10 * 86_400)
        try await house.charging.drain()
        try await journal([try phoneTap(1, "08:00", day: 11)], house)
        house.clock.advance(seconds: 3600)
        try await house.work()
        #expect(
          try await house.house.texts(checks + " order by 1") == ["card_good", "check_asked"])
        #expect(try await house.house.texts("select state from card_standing") == ["good"])
      }
    }

    /// Two workers see the tap of a denied card; the slower one finds that it is asked already.
    @Test func aDebtThatAnotherWorkerHasJustAskedIsLeftToIt() async throws {
      let poor = AcquirerMood(declines: 1, silences: 0, repeats: 0, delays: 0)
      try await CardHouse.with(mood: poor) { house in
        try await journal([try bankTap(1, "08:00")], house)
        try await house.nextDay()
        #expect(try await house.windows() == ["2026-11-22 0 retrying 800 800"])
        try await house.house.journal(
          [try bankTap(2, "08:00", day: 1)], receivedAt: house.clock.now)
        try await house.clearing.drain()
        try await house.house.pool.session { other in
          try await other.script("begin; select from charge_window for update")
          async let worked = house.charging.pass()
          #expect(try await house.house.isWaited())
          try await other.script(
            "update charge_window set state = 'authorising', asked_at = now(); commit")
          #expect(try await worked > 0)
        }
        #expect(
          try await house.house.texts("select tapped_at is not null || '' from card_standing")
            == ["true"])
      }
    }
  }
}
