import Basics
import Clearing
import Store
import Tapping
import Testing
import Transit
import Wallet

extension House {
  var walletOrders: WalletOrderDesk {
    WalletOrderDesk(store: store, city: city, now: { House.noon })
  }

  /// What stored value owes.
  func debts() async throws -> [StoredValueDebt] {
    try await store.read { db in try await db.wallets.debts() }
  }
}

extension ClearingSuite {
  /// What stored value did not pay is listed, and two people may give it up.
  @Suite struct StoredValueDebtTests {
    /// 5.00 for rides of 24.00: 10.00 below nothing, and 9.00 that nobody paid.
    private static func overdrawn(_ house: House) async throws -> RiderID {
      try await house.rule(negative: 1000)
      let anna = try await house.register("anna")
      try await house.topUp(anna, 500, key: "k1")
      try await house.journal([
        try tap(1, "08:00"), try tap(2, "12:00"), try tap(3, "16:00"),
      ])
      try await house.service.drain()
      #expect(try await house.balance(anna) == -1000)
      return anna
    }

    @Test func whatNobodyPaidIsListedWithItsRiderItsMediaAndSince() async throws {
      try await House.with { house in
        let anna = try await Self.overdrawn(house)
        try await house.journal([
          try qrTap(4, "08:00"), try qrTap(5, "08:00", day: 1),
          try tap(6, "09:00", card: "vira", day: 1),
        ])
        let paid = try await house.register("petro")
        try await house.topUp(paid, 800, key: "k2")
        try await house.journal([try tap(7, "10:00", card: "petro")])
        try await house.service.drain()
        let debts = try await house.debts()
        let code = house.medium("code", .qr)
        let day = try #require(Day("2026-11-22"))
        #expect(
          debts == [
            StoredValueDebt(
              rider: anna, currency: hryvnia, account: 1, media: ["\(house.medium("anna"))"],
              since: day, deniedSince: House.noon, days: 1, balanceMinor: -1000, unpaidMinor: 900),
            StoredValueDebt(
              rider: RiderID(high: code.high, low: code.low), currency: hryvnia, account: nil,
              media: ["\(code)"], since: day, deniedSince: nil, days: 2, balanceMinor: 0,
              unpaidMinor: 1600),
            StoredValueDebt(
              rider: house.rider("vira"), currency: hryvnia, account: nil,
              media: ["\(house.medium("vira"))"], since: day.adding(days: 1), deniedSince: nil,
              days: 1, balanceMinor: 0, unpaidMinor: 800),
          ])
        #expect(debts.map(\.dueMinor) == [1900, 1600, 800])
        // What is owed and what is on accounts is all of 1200 and 2200.
        #expect(try await house.accounts()["1200"] == 900 + 1600 + 800)
        #expect(try await house.accounts()["2200"] == -1000)
        try await house.topUp(anna, 1900, key: "k3")
        try await house.topUp(house.rider("vira"), 800, key: "k4")
        #expect(try await house.debts().map(\.dueMinor) == [1600])
      }
    }

    @Test func twoPeopleGiveUpWhatAnAccountOwes() async throws {
      try await House.with { house in
        let anna = try await Self.overdrawn(house)
        let before = try await house.accounts()
        let order = try await house.walletOrders.proposeWriteOff(
          in: hryvnia, of: anna, reason: "moved away", by: "olena")
        for own in ["olena", "Olena"] {
          await #expect(throws: MoneyRefusal.samePerson) {
            _ = try await house.walletOrders.decide(order, isApproved: true, by: own)
          }
        }
        await #expect(throws: MoneyRefusal.unfit("account 1 waits for a decision already")) {
          _ = try await house.walletOrders.proposeWriteOff(
            in: hryvnia, of: anna, reason: "again", by: "taras")
        }
        #expect(try await house.accounts() == before)
        let decided = try await house.walletOrders.decide(order, isApproved: true, by: "taras")
        #expect(decided.minor == 1900)
        // 5.00 came in for rides of 24.00; 19.00 are given up.
        #expect(try await house.accounts() == ["1110": 500, "7200": 1900, "2190": 2400])
        #expect(try await house.balance(anna) == 0)
        #expect(try await house.debts().isEmpty)
        #expect(try await house.denials(house.medium("anna")).isEmpty)
        #expect(try await TapStateTests.states(house) == [.settled: 3])
        #expect(
          try await house.texts(
            "select description from entry where kind = 'write_off'"
          ) == [
            "Debt of stored value written off: order 1 by olena, approved by taras: moved away"
          ])
        await #expect(throws: MoneyRefusal.unfit("order 1 is approved already")) {
          _ = try await house.walletOrders.decide(order, isApproved: true, by: "taras")
        }
        try await house.expectSound()
      }
    }

    @Test func whatWasPaidMeanwhileIsNotGivenUp() async throws {
      try await House.with { house in
        let anna = try await Self.overdrawn(house)
        let first = try await house.walletOrders.proposeWriteOff(
          in: hryvnia, of: anna, reason: "x", by: "olena")
        try await house.topUp(anna, 1500, key: "k2")
        _ = try await house.walletOrders.decide(first, isApproved: true, by: "taras")
        #expect(try await house.accounts()["7200"] == 400)
        #expect(try await house.balance(anna) == 0)
        await #expect(throws: MoneyRefusal.unfit("the account owes nothing")) {
          _ = try await house.walletOrders.proposeWriteOff(
            in: hryvnia, of: anna, reason: "x", by: "olena")
        }
        try await house.journal([try tap(4, "08:00", day: 1)])
        try await house.service.drain()
        let second = try await house.walletOrders.proposeWriteOff(
          in: hryvnia, of: anna, reason: "x", by: "olena")
        try await house.topUp(anna, 800, key: "k3")
        await #expect(throws: MoneyRefusal.unfit("the account owes nothing any more")) {
          _ = try await house.walletOrders.decide(second, isApproved: true, by: "taras")
        }
        // It still waits, and is refused.
        _ = try await house.walletOrders.decide(second, isApproved: false, by: "taras")
        #expect(try await house.accounts()["7200"] == 400)
        try await house.expectSound()
      }
    }

    /// Rides with a code that was thrown away, and on which nobody ever put money.
    @Test(arguments: [0, 500] as [Int64])
    func whatIsOwedWithoutAnAccountIsGivenUpToo(negative: Int64) async throws {
      try await House.with { house in
        try await house.rule(negative: negative)
        let code = house.medium("code", .qr)
        let rider = RiderID(high: code.high, low: code.low)
        await #expect(throws: RiderRefusal.unknownRider) {
          _ = try await house.walletOrders.proposeWriteOff(
            in: hryvnia, of: rider, reason: "x", by: "olena")
        }
        try await house.journal([
          try qrTap(1, "08:00"), try qrTap(2, "12:00"), try qrTap(3, "16:00", day: 1),
        ])
        try await house.service.drain()
        #expect(try await house.accounts() == ["1200": 2400, "2190": 2400])
        let first = try await house.walletOrders.proposeWriteOff(
          in: hryvnia, of: rider, reason: "x", by: "olena")
        await #expect(throws: MoneyRefusal.unfit("rider \(rider) waits for a decision already")) {
          _ = try await house.walletOrders.proposeWriteOff(
            in: hryvnia, of: rider, reason: "again", by: "taras")
        }
        _ = try await house.walletOrders.decide(first, isApproved: false, by: "taras")
        #expect(try await house.number("select count(*) from wallet_account") == 0)
        let order = try await house.walletOrders.proposeWriteOff(
          in: hryvnia, of: rider, reason: "thrown away", by: "olena")
        let decided = try await house.walletOrders.decide(order, isApproved: true, by: "taras")
        #expect(decided.minor == 2400)
        #expect(try await house.accounts() == ["7200": 2400, "2190": 2400])
        #expect(try await house.balance(rider) == 0)
        #expect(try await house.debts().isEmpty)
        #expect(try await house.number("select count(*) from fare_day where owes") == 0)
        try await house.expectSound()
        let nobody = try await house.riders.erase(
          rider, by: desk, randomBytes: { count in (0..<count).map { UInt8($0 * 7 + 1) } })
        // No order names who it was.
        #expect(
          try await house.texts("select distinct subject from money_order") == ["\(nobody)"])
        let audit = try await house.fullAudit()
        #expect(audit.isSound, "\(audit.findings)")
      }
    }

    /// What was given up is undone before anything comes back as money: the rider never paid it.
    @Test func aRideThatIsFreeAfterItsDebtWasGivenUpIsNobodysMoney() async throws {
      try await House.with { house in
        let anna = try await house.register("anna")
        try await house.topUp(anna, 300, key: "k1")
        try await house.journal([try tap(1, "08:00"), try tap(2, "12:00")])
        try await house.service.drain()
        let order = try await house.walletOrders.proposeWriteOff(
          in: hryvnia, of: anna, reason: "moved away", by: "olena")
        _ = try await house.walletOrders.decide(order, isApproved: true, by: "taras")
        #expect(try await house.accounts() == ["1110": 300, "7200": 1300, "2190": 1600])
        _ = try await house.riders.addProof(
          ProvenDays(category: "pensioner", first: Day(number: 20_700), last: nil), kind: nil,
          number: nil, note: nil, of: anna, isReplacing: false, by: desk)
        try await house.service.drain()
        // Of 16.00 that were paid 13.00 were given up, and 3.00 were the rider's.
        #expect(try await house.accounts() == ["1110": 300, "2200": 300])
        #expect(try await house.balance(anna) == 300)
        #expect(
          try await house.texts(
            """
            select concat_ws(' ', m.kind, m.amount_minor, m.balance_minor, e.kind, p.account)
            from wallet_movement m join entry e using (entry_id) join posting p using (entry_id)
            where m.kind = 'write_off' and amount_minor < 0 order by p.line
            """) == ["write_off -1300 300 write_off 2200", "write_off -1300 300 write_off 7200"])
        let statement = try #require(
          try await house.wallets.statement(
            of: anna, in: hryvnia, from: House.noon, before: House.noon.adding(seconds: 1)))
        #expect(statement.movements.last?.balanceMinor == 300)
        let audit = try await house.fullAudit()
        #expect(audit.isSound, "\(audit.findings)")
        // It is given up once: what falls later is the rider's own.
        try await house.journal([try tap(3, "08:00", day: 1)])
        try await house.service.drain()
        #expect(try await house.balance(anna) == 300)
        try await house.expectSound()
      }
    }

    @Test func ofAFareThatFallsInPartAsMuchIsUndoneAndAMergeUndoesNothing() async throws {
      try await House.with { house in
        let (anna, olha) = (try await house.register("anna"), try await house.register("olha"))
        for (rider, key) in [(anna, "k1"), (olha, "k2")] {
          try await house.topUp(rider, 100, key: key)
        }
        try await house.journal([try tap(1, "08:00")])
        try await house.service.drain()
        let order = try await house.walletOrders.proposeWriteOff(
          in: hryvnia, of: anna, reason: "moved away", by: "olena")
        _ = try await house.walletOrders.decide(order, isApproved: true, by: "taras")
        _ = try await house.riders.merge(anna, into: olha, by: desk)
        try await house.service.drain()
        #expect(
          try await house.accounts() == ["1110": 200, "2200": 100, "7200": 700, "2190": 800])
        #expect(try await house.debts().isEmpty)
        try await house.publish(
          testTariff.replacing("adult: 8.00", with: "adult: 6.00")
            .replacing("version: test-1", with: "version: test-2")
            .replacing("from: 2026-01-01", with: "from: 2026-01-02"))
        try await house.service.drain()
        // The account that the merge closed was given up, and its rider's other one undoes it.
        #expect(
          try await house.accounts() == ["1110": 200, "2200": 100, "7200": 500, "2190": 600])
        #expect(try await house.balance(olha) == 100)
        try await house.expectSound()
      }
    }

    @Test func aBalanceIsPutRightByTwoPeople() async throws {
      try await House.with { house in
        let anna = try await house.register("anna")
        await #expect(throws: RiderRefusal.noAccount) {
          _ = try await house.walletOrders.proposeCorrection(
            1, in: hryvnia, of: anna, reason: "x", by: "olena")
        }
        try await house.topUp(anna, 1000, key: "k1")
        await #expect(throws: RiderRefusal.missing("The reason")) {
          _ = try await house.walletOrders.proposeCorrection(
            1, in: hryvnia, of: anna, reason: "", by: "olena")
        }
        await #expect(throws: RiderRefusal.wallet(.amount(0))) {
          _ = try await house.walletOrders.proposeCorrection(
            0, in: hryvnia, of: anna, reason: "x", by: "olena")
        }
        let more = try await house.walletOrders.proposeCorrection(
          300, in: hryvnia, of: anna, reason: "paid at the wrong desk", by: "olena")
        #expect(try await house.balance(anna) == 1000)
        await #expect(throws: MoneyRefusal.samePerson) {
          _ = try await house.walletOrders.decide(more, isApproved: true, by: "olena")
        }
        _ = try await house.walletOrders.decide(more, isApproved: true, by: "taras")
        #expect(try await house.balance(anna) == 1300)
        #expect(
          try await house.texts("select description from entry where kind = 'correction'") == [
            "Correction of stored value: order 1 by olena, approved by taras: "
              + "paid at the wrong desk"
          ])
        // 13.00 were there when it was proposed, and 5.00 when it was decided.
        let less = try await house.walletOrders.proposeCorrection(
          -1000, in: hryvnia, of: anna, reason: "x", by: "olena")
        try await house.journal([try tap(1, "08:00")])
        try await house.service.drain()
        await #expect(
          throws: MoneyRefusal.unfit("1000 minor units are asked for, 500 are there")
        ) {
          _ = try await house.walletOrders.decide(less, isApproved: true, by: "taras")
        }
        _ = try await house.walletOrders.decide(less, isApproved: false, by: "taras")
        let fits = try await house.walletOrders.proposeCorrection(
          -500, in: hryvnia, of: anna, reason: "x", by: "olena")
        _ = try await house.walletOrders.decide(fits, isApproved: true, by: "taras")
        #expect(try await house.balance(anna) == 0)
        #expect(
          try await house.accounts() == ["1110": 1000, "2290": 200, "2190": 800])
        try await house.expectSound()
      }
    }

    @Test func anOrderOfAnAccountThatWentIntoAnotherIsNotCarriedOut() async throws {
      try await House.with { house in
        let anna = try await Self.overdrawn(house)
        let olha = try await house.register("olha")
        try await house.topUp(olha, 100, key: "k2")
        let order = try await house.walletOrders.proposeWriteOff(
          in: hryvnia, of: anna, reason: "x", by: "olena")
        _ = try await house.riders.merge(anna, into: olha, by: desk)
        await #expect(
          throws: MoneyRefusal.unfit("account 1 is closed: its money went to another rider's")
        ) {
          _ = try await house.walletOrders.decide(order, isApproved: true, by: "taras")
        }
        await #expect(throws: MoneyRefusal.self) {
          _ = try await house.debts(of: order)
        }
        try await house.service.drain()
        #expect(try await house.debts().map(\.dueMinor) == [1800])
        try await house.expectSound()
      }
    }
  }
}

extension House {
  /// Asks the desk of charge windows for an order that is not its own.
  fileprivate func debts(of order: Int64) async throws -> MoneyOrderRow {
    try await DebtDesk(store: store, city: city, now: { House.noon })
      .decide(order, isApproved: true, by: "taras")
  }
}
