import AcquirerSupport
import Basics
import Charging
import Clearing
import Ledger
import SimulatedAcquirer
import Store
import Synchronization
import Tapping
import Testing
import Transit
import Wallet

extension ClearingSuite {
  /// Fares of an erased rider's days that change: the operators' part is right, and no money moves.
  @Suite struct ErasedFareTests {
    private func erase(_ house: House, _ rider: RiderID, at now: Instant) async throws -> RiderID {
      try await house.riders.erase(
        rider, by: RiderAct(actor: "desk 1", reason: "asked", at: now),
        randomBytes: { count in (0..<count).map { UInt8($0 * 7 + 1) } })
    }

    /// Erases somebody who tapped and topped 8.00 up then; the number of nobody, and all movements.
    private func erase(
      _ house: House, after ride: Tap
    ) async throws -> (nobody: RiderID, movements: Int64) {
      try await house.journal([ride])
      try await house.service.drain()
      try await house.topUp(house.rider("anna"), 800, key: "k1")
      let nobody = try await erase(house, house.rider("anna"), at: House.noon)
      return (nobody, try await movements(house))
    }

    /// A ride costs so much from the beginning of the tariff on, with an order to rate anew.
    private func publish(
      _ version: Int, _ price: String, _ house: House, at now: Instant = House.noon
    ) async throws {
      try await house.publish(
        testTariff.replacing("adult: 8.00", with: "adult: \(price)")
          .replacing("version: test-1", with: "version: test-\(version)")
          .replacing("from: 2026-01-01", with: "from: 2026-01-0\(version)"), at: now)
    }

    private func given(_ house: House) async throws -> [String] {
      try await house.texts(
        """
        select concat_ws(' ', f.fare_day, is_stored_value, minor, e.kind, e.description)
        from erased_fare f join entry e using (entry_id) order by erased_fare_id
        """)
    }

    private func movements(_ house: House) async throws -> Int64 {
      try await house.number("select count(*) from wallet_movement")
    }

    @Test func withStoredValueNoAccountIsMovedAndNothingIsOwed() async throws {
      try await House.with { house in
        let (nobody, moved) = try await erase(house, after: try tap(1, "08:00"))
        try await publish(2, "10.00", house)
        try await house.service.drain()
        #expect(try await house.accounts() == ["1110": 800, "2190": 1000, "7200": 200])
        #expect(
          try await given(house) == [
            "2026-11-22 t 200 write_off Debts written off: erased, fare day 2026-11-22"
          ])
        #expect(try await house.debts().isEmpty)
        try await house.expectSound()
        try await publish(3, "6.00", house)
        try await house.service.drain()
        #expect(try await house.accounts() == ["1110": 800, "2190": 600, "7200": -200])
        #expect(
          try await given(house).last
            == "2026-11-22 t -400 write_off Fares taken back from debts written off: erased, fare day "
            + "2026-11-22")
        #expect(try await movements(house) == moved)
        #expect(
          try await house.number(
            "select balance_minor from wallet_account where rider_id = '\(nobody)'") == 0)
        // Rated anew at the same price nothing is booked.
        try await house.script("update fare_day set stale_since = now()")
        try await house.service.drain()
        #expect(try await given(house).count == 2)
        let audit = try await house.fullAudit()
        #expect(audit.isSound, "\(audit.findings)")
        // Whoever takes the row away is found.
        try await house.script(
          House.forging("delete from erased_fare where minor < 0"))
        let findings = try await house.fullAudit().findings
        #expect(findings.contains { $0.hasPrefix("erased_fare 2 ") }, "\(findings)")
        #expect(findings.contains { $0.hasPrefix("account 1200 ") }, "\(findings)")
      }
    }

    @Test func ridesThatWereFreeAreNoDebtOfNobodyWithoutAnAccount() async throws {
      try await House.with { house in
        try await house.journal([try tap(1, "08:00")])
        _ = try await house.riders.addProof(
          ProvenDays(category: "pensioner", first: Day(number: 20_700), last: nil), kind: nil,
          number: nil, note: nil, of: house.register("anna"), isReplacing: false, by: desk)
        try await house.service.drain()
        #expect(try await house.accounts() == [:])
        let nobody = try await erase(house, house.rider("anna"), at: House.noon)
        try await house.script(
          """
          update entitlement set valid_to = valid_from where rider_id = '\(nobody)';
          update fare_day set stale_since = now();
          """)
        try await house.service.drain()
        #expect(try await house.accounts() == ["2190": 800, "7200": 800])
        #expect(try await house.debts().isEmpty)
        let audit = try await house.fullAudit()
        #expect(audit.isSound, "\(audit.findings)")
      }
    }

    /// Under the second version the ride stays open on its day, and is given up on the next, which is rated
    /// for the first time then.
    @Test func aRideThatIsGivenUpOnADayNeverRatedBeforeMovesNoAccountOfNobody() async throws {
      let tapping = "tapping: {limit: 3 h, incomplete: 8.00}\nfares:"
      try await House.with(tariff: testTariff.replacing("fares:", with: tapping)) { house in
        var on = try tap(1, "08:00", day: -1)
        on.kind = .on
        let (nobody, moved) = try await erase(house, after: on)
        try await publish(2, "10.00", house)
        try await house.service.drain()
        #expect(
          try await house.texts(
            "select concat_ws(' ', fare_day, rider_id) from fare_day order by fare_day")
            == ["2026-11-21 \(nobody)", "2026-11-22 \(nobody)"])
        #expect(try await house.accounts() == ["1110": 800, "2190": 1000, "7200": 200])
        #expect(
          try await given(house).map { String($0.prefix(17)) } == [
            "2026-11-21 t -800", "2026-11-22 t 1000",
          ])
        #expect(try await movements(house) == moved)
        #expect(try await house.debts().isEmpty)
        let audit = try await house.fullAudit()
        #expect(audit.isSound, "\(audit.findings)")
      }
    }

    /// Charging closes sixty days one by one when it begins; earlier ones get their windows of the runs that rated them.
    @Test func aRideOfBeforeTheFirstClosedDayIsChargedAndHoldsUpTheErasureUntilThen() async throws {
      try await CardHouse.with { cards in
        let house = cards.house
        try await house.journal(
          [try bankTap(1, "08:00", day: -70), try bankTap(2, "08:00")],
          receivedAt: cards.clock.now)
        try await cards.work()
        try await cards.nextDay()
        #expect(
          try await cards.windows() == [
            "2026-09-13 0 captured 800 0", "2026-11-22 0 captured 800 0",
          ])
        _ = try await cards.funding.take(cards.fundingFile(), name: "paid.csv")
        // Rated, and not looked at for its window yet.
        try await house.journal(
          [try bankTap(3, "08:00", day: -71)], receivedAt: cards.clock.now)
        try await cards.clearing.drain()
        let medium = house.medium("visa-anna", .bank)
        await #expect(throws: RiderRefusal.chargesOpen(windows: 1)) {
          _ = try await erase(
            house, RiderID(high: medium.high, low: medium.low), at: cards.clock.now)
        }
        // As if it had been looked at, and no window were made.
        let looked = "windowed_at = '2026-11-01 00:00+00'"
        try await house.script("update clearing_run set \(looked) where windowed_at is null")
        let differences = try await house.store.read { db in
          try await db.bookProofs.chargesThatDiffer(countMax: 10)
        }
        #expect(differences.count == 1 && differences[0].contains("2026-09-12"), "\(differences)")
        try await house.script("update clearing_run set windowed_at = null where \(looked)")
        try await cards.charging.drain()
        #expect(try await cards.windows().first == "2026-09-12 0 captured 800 0")
        let audit = try await house.fullAudit()
        #expect(audit.isSound, "\(audit.findings)")
      }
    }

    @Test func withABankCardNoWindowIsMadeAndNoCardIsAsked() async throws {
      try await CardHouse.with { cards in
        let house = cards.house
        try await house.journal([try bankTap(1, "08:00")], receivedAt: cards.clock.now)
        let medium = house.medium("visa-anna", .bank)
        let rider = RiderID(high: medium.high, low: medium.low)
        try await cards.clearing.drain()
        // What is not charged yet is asked for first.
        await #expect(throws: RiderRefusal.chargesOpen(windows: 1)) {
          try await erase(house, rider, at: cards.clock.now)
        }
        try await cards.nextDay()
        _ = try await cards.funding.take(cards.fundingFile(), name: "paid.csv")
        _ = try await erase(house, rider, at: cards.clock.now)
        let windows = try await cards.windows()
        #expect(windows == ["2026-11-22 0 settled 800 0"])
        let asked = cards.acquirer.books.withLock { $0.allPayments.count }
        try await publish(2, "10.00", house, at: cards.clock.now)
        try await cards.work()
        try await cards.nextDay()
        #expect(try await cards.windows() == windows)
        #expect(try await cards.balances().filter { $0.hasPrefix("1200") } == [])
        #expect(try await house.accounts()["7200"] == 200)
        try await house.expectSound()
        try await publish(3, "6.00", house, at: cards.clock.now)
        try await cards.work()
        try await cards.nextDay()
        #expect(try await cards.windows() == windows)
        #expect(try await cards.balances().filter { $0.hasPrefix("1200") } == [])
        #expect(try await house.accounts()["7200"] == -200)
        #expect(try await house.number("select count(*) from charge_refund") == 0)
        #expect(cards.acquirer.books.withLock { $0.allPayments.count } == asked)
        #expect(
          try await given(house).map { String($0.prefix(17)) } == [
            "2026-11-22 f 200 ", "2026-11-22 f -400",
          ])
        let audit = try await house.fullAudit()
        #expect(audit.isSound, "\(audit.findings)")
      }
    }

    @Test func ridesWithAPhoneOfWhichNoAccountIsKnownAreGivenUp() async throws {
      try await CardHouse.with { cards in
        let house = cards.house
        var ride = try tap(1, "08:00", card: "phone")
        ride.medium = .phone
        try await house.journal([ride], receivedAt: cards.clock.now)
        try await cards.clearing.drain()
        let medium = house.medium("phone", .phone)
        let rider = RiderID(high: medium.high, low: medium.low)
        // The first-use check of the phone is not made, so that no account is known of it.
        cards.clock.advance(seconds: 86_400)
        try await house.script("update card_standing set next_at = null")
        try await cards.work()
        #expect(try await cards.windows() == [])
        _ = try await erase(house, rider, at: cards.clock.now)
        #expect(try await house.accounts() == ["2190": 800, "7200": 800])
        try await house.expectSound()
        try await cards.nextDay()
        #expect(try await cards.windows() == [])
        #expect(try await house.accounts() == ["2190": 800, "7200": 800])
        let audit = try await house.fullAudit()
        #expect(audit.isSound, "\(audit.findings)")
      }
    }

    /// A debt of 8.00 that a desk took, and whose ride became free: the desk is to pay it back.
    @Test func whoIsOwedARefundIsNotErasedUntilItIsPaid() async throws {
      try await CardHouse.with { cards in
        let house = cards.house
        try await house.journal([try bankTap(1, "08:00")], receivedAt: cards.clock.now)
        try await cards.work()
        try await cards.nextDay()
        let window = try await cards.window()
        let declined = #"{"id":"X1","type":"declined","key":"w\#(window)-1","code":"51"}"#
        #expect(try await cards.messages.take(Array(declined.utf8)) == .applied)
        try await cards.debts.pay(window, minor: 800, channel: .cash, by: "desk 1")
        let medium = house.medium("visa-anna", .bank)
        let rider = RiderID(high: medium.high, low: medium.low)
        _ = try await house.riders.addProof(
          ProvenDays(category: "pensioner", first: try #require(Day("2026-11-22")), last: nil),
          kind: nil, number: nil, note: nil, of: rider, isReplacing: false,
          by: RiderAct(actor: "desk 1", reason: "test", at: cards.clock.now))
        try await cards.work()
        #expect(try await cards.balances() == ["1110 800", "2220 -800"])
        let owed = RiderRefusal.refundsOwed(refunds: 1)
        #expect(owed.code == "refunds_owed")
        await #expect(throws: owed) { try await erase(house, rider, at: cards.clock.now) }
        // No card gave the money, so the acquirer cannot give it back to one.
        try await house.script(
          "update charge_refund set state = 'failed', next_at = null where refund_id = 1")
        await #expect(throws: owed) { try await erase(house, rider, at: cards.clock.now) }
        _ = try await cards.debts.payBack(
          1,
          DebtPayment(minor: nil, channel: .cash, place: "desk 1", reference: "slip 7", key: "k9"),
          by: "desk 1")
        _ = try await erase(house, rider, at: cards.clock.now)
        try await house.expectSound()
      }
    }
  }
}
