import BankSupport
import Basics
import Charging
import Clearing
import Store
import Testing
import Wallet

extension ClearingSuite {
  /// What a desk wrote down as a transfer, and no statement of the bank shows yet, the bank does not pay out.
  @Suite struct UnseenTransfers {
    private let today: Day

    init() throws { today = try #require(Day("2026-11-23")) }

    /// A house with an account, of which a statement was taken, unless it is not watched yet.
    private func withAccount(
      tariff: String = testTariff, isWatched: Bool = true,
      _ body: @Sendable (House) async throws -> Void
    ) async throws {
      try await House.with(tariff: tariff) { house in
        try await house.bank.addAccount(StatementFile.iban, in: hryvnia, by: "olena")
        if isWatched { try await watch(house) }
        try await body(house)
        try await house.expectSound()
      }
    }

    /// The first statement is taken: nothing moved today.
    private func watch(_ house: House) async throws {
      let first = StatementFile("0", opening: 0, from: today, to: today, [])
      #expect(try await house.take(first) == "")
    }

    private func file(_ number: String, opening: Int64 = 0, _ minor: Int64, _ text: String)
      -> StatementFile
    {
      StatementFile(
        number, opening: opening, from: today, to: today,
        [StatementFile.Entry("E\(number)", minor, on: today, text)])
    }

    /// A top-up of 50.00 by a transfer that the desk calls INV-7.
    private func byBank(_ minor: Int64?, key: String, _ reference: String, _ house: House)
      -> MoneyOrder
    {
      var order = house.cash(minor, key: key)
      (order.channel, order.reference) = (.bank, reference)
      return order
    }

    private func topUp(
      _ minor: Int64, _ reference: String, to rider: RiderID, _ house: House,
      at now: Instant = House.noon
    ) async throws {
      _ = try await house.wallets.topUp(
        byBank(minor, key: reference, reference, house), to: rider,
        by: RiderAct(actor: "desk 1", reason: "test", at: now))
    }

    /// Pays out by transfer; all that is left where no amount is given.
    private func payOut(_ minor: Int64?, _ key: String, to rider: RiderID, _ house: House)
      async throws
    {
      _ = try await house.wallets.refund(
        byBank(minor, key: key, "OUT-\(key)", house), to: rider, by: desk)
    }

    /// Two people put a balance right.
    private func correct(_ minor: Int64, of rider: RiderID, _ house: House) async throws {
      let order = try await house.walletOrders.proposeCorrection(
        minor, in: hryvnia, of: rider, reason: "test", by: "olena")
      _ = try await house.walletOrders.decide(order, isApproved: true, by: "taras")
    }

    private func held(_ unseen: Int64, _ asked: Int64) -> RiderRefusal {
      .wallet(.notSeenAtBank(unseenMinor: unseen, askedMinor: asked))
    }

    /// A carnet that was paid by transfer.
    private func sell(_ key: String, _ reference: String, to rider: RiderID, _ house: House)
      async throws -> Int64
    {
      let sold = try await house.products.sell(
        "ten rides", to: rider, from: nil, for: byBank(nil, key: key, reference, house), by: desk
      ).holding.holdingID
      try await house.service.drain()
      return sold
    }

    private func giveBack(
      _ holding: Int64, of rider: RiderID, _ channel: MoneyChannel, _ house: House
    ) async throws {
      _ = try await house.products.refund(holding, of: rider, through: channel, by: desk)
      try await house.service.drain()
    }

    @Test func aTransferThatNoStatementShowsDoesNotGoOutByTransfer() async throws {
      try await withAccount { house in
        let anna = try await house.register("anna")
        let order = byBank(5000, key: "k1", "INV-7", house)
        _ = try await house.wallets.topUp(order, to: anna, by: desk)
        func back(_ minor: Int64?, _ key: String) async throws {
          _ = try await house.wallets.refund(
            byBank(minor, key: key, "OUT-\(key)", house), to: anna, by: desk)
        }
        func held(_ asked: Int64) -> RiderRefusal {
          .wallet(.notSeenAtBank(unseenMinor: 5000, askedMinor: asked))
        }
        await #expect(throws: held(5000)) { try await back(nil, "r1") }
        await #expect(throws: held(1)) { try await back(1, "r1") }
        // What came otherwise goes out, and no more.
        try await house.topUp(anna, 2000, key: "k2")
        await #expect(throws: held(2001)) { try await back(2001, "r1") }
        try await back(2000, "r1")
        #expect(try await house.take(file("1", 5000, "INV-7")) == "1 receipt")
        try await back(nil, "r2")
        #expect(try await house.accounts()["2200"] == nil)
      }
    }

    @Test func aPassPaidByATransferThatNoStatementShowsDoesNotGoBackByTransfer() async throws {
      try await withAccount(tariff: productTariff) { house in
        let anna = try await house.register("anna")
        try await house.topUp(anna, 100, key: "k1")
        let first = try await sell("s1", "INV-8", to: anna, house)
        await #expect(throws: RiderRefusal.saleNotSeenAtBank) {
          try await giveBack(first, of: anna, .bank, house)
        }
        // Over the account it is the same way.
        try await giveBack(first, of: anna, .wallet, house)
        await #expect(
          throws: RiderRefusal.wallet(.notSeenAtBank(unseenMinor: 7000, askedMinor: 7000))
        ) {
          _ = try await house.wallets.refund(
            byBank(7000, key: "r1", "OUT-1", house), to: anna, by: desk)
        }
        #expect(try await house.take(file("1", 7000, "INV-8")) == "1 sale")
        _ = try await house.wallets.refund(
          byBank(7000, key: "r1", "OUT-1", house), to: anna, by: desk)
        let second = try await sell("s2", "INV-9", to: anna, house)
        #expect(try await house.take(file("2", opening: 7000, 7000, "INV-9")) == "1 sale")
        try await giveBack(second, of: anna, .bank, house)
        #expect(try await house.accounts()["2220"] == 14_000)
      }
    }

    @Test func onlyWhatCameSinceTheFirstDayOfAStatementWaitsForItsLine() async throws {
      try await withAccount(isWatched: false) { house in
        let anna = try await house.register("anna")
        let yesterday = House.noon.adding(seconds: -86_400)
        try await topUp(3000, "INV-1", to: anna, house, at: yesterday)
        try await topUp(2000, "INV-2", to: anna, house)
        // An account stands there so that files are paid from it, and nobody takes statements.
        try await payOut(500, "r1", to: anna, house)
        try await watch(house)
        await #expect(throws: held(2000, 2501)) { try await payOut(2501, "r2", to: anna, house) }
        try await payOut(2500, "r2", to: anna, house)
        await #expect(throws: held(2000, 1)) { try await payOut(1, "r3", to: anna, house) }
        await #expect(
          throws: MoneyRefusal.unfit("statements of \(StatementFile.iban) were taken: it stays")
        ) {
          try await house.bank.removeAccount(StatementFile.iban, in: hryvnia)
        }
      }
    }

    @Test func anAccountThatIsWrittenDownAnewFreesNothing() async throws {
      let second = "UA903052992990004149123456789"
      try await withAccount { house in
        let anna = try await house.register("anna")
        try await topUp(2000, "INV-1", to: anna, house)
        try await house.bank.addAccount(second, in: hryvnia, by: "olena")
        await #expect(throws: held(2000, 2000)) { try await payOut(nil, "r1", to: anna, house) }
        try await house.bank.removeAccount(second, in: hryvnia)
        try await house.bank.addAccount(second, in: hryvnia, by: "olena")
        await #expect(throws: held(2000, 2000)) { try await payOut(nil, "r1", to: anna, house) }
      }
    }

    @Test func aFalseTransferThatTwoPeopleTookOffHoldsNothingThatComesLater() async throws {
      try await withAccount { house in
        let anna = try await house.register("anna")
        try await topUp(5000, "INV-7", to: anna, house)
        try await correct(-5000, of: anna, house)
        try await topUp(500, "INV-8", to: anna, house)
        await #expect(throws: held(500, 500)) { try await payOut(nil, "r1", to: anna, house) }
        #expect(try await house.take(file("1", 500, "INV-8")) == "1 receipt")
        try await payOut(nil, "r1", to: anna, house)
        // Nor is it missing in the cash.
        try await house.topUp(anna, 1000, key: "k3")
        _ = try await house.wallets.refund(house.cash(nil, key: "r2"), to: anna, by: desk)
        #expect(try await house.balance(anna) == 0)
      }
    }

    @Test func whatTwoPeopleTookOffBeforeFreesNoTransferThatComesLater() async throws {
      try await withAccount { house in
        let anna = try await house.register("anna")
        try await house.topUp(anna, 1000, key: "k1")
        try await correct(-500, of: anna, house)
        try await topUp(500, "INV-7", to: anna, house)
        await #expect(throws: held(500, 501)) { try await payOut(501, "r1", to: anna, house) }
        try await payOut(500, "r1", to: anna, house)
      }
    }

    @Test func twoPeopleFreeATransferThatNoLineEverMatches() async throws {
      try await withAccount { house in
        let (anna, olha) = (try await house.register("anna"), try await house.register("olha"))
        try await topUp(5000, "INV-7", to: anna, house)
        try await topUp(3000, "INV-8", to: olha, house)
        // One line for two cards, less what a bank keeps.
        #expect(try await house.take(file("1", 7950, "INV-7")) == "1 unknown")
        await #expect(throws: held(5000, 5000)) { try await payOut(nil, "r1", to: anna, house) }
        try await correct(-5000, of: anna, house)
        try await correct(5000, of: anna, house)
        try await correct(3000, of: olha, house)
        try await correct(-3000, of: olha, house)
        for (rider, minor) in [(anna, 5000), (olha, 3000)] as [(RiderID, Int64)] {
          // It came, and not in cash.
          await #expect(throws: RiderRefusal.wallet(.notInCash(cashMinor: 0, askedMinor: minor))) {
            _ = try await house.wallets.refund(
              house.cash(nil, key: "c\(minor)"), to: rider, by: desk)
          }
          try await payOut(nil, "r\(minor)", to: rider, house)
          #expect(try await house.balance(rider) == 0)
        }
      }
    }

    @Test func aPassPaidByATransferThatNeverComesIsFreedOverTheAccount() async throws {
      try await withAccount(tariff: productTariff, isWatched: false) { house in
        let anna = try await house.register("anna")
        try await house.topUp(anna, 100, key: "k1")
        // Nobody takes statements yet.
        let first = try await sell("s1", "INV-8", to: anna, house)
        try await giveBack(first, of: anna, .bank, house)
        let second = try await sell("s2", "INV-9", to: anna, house)
        try await watch(house)
        await #expect(throws: RiderRefusal.saleNotSeenAtBank) {
          try await giveBack(second, of: anna, .bank, house)
        }
        // What two people take off before it is on the account does not count.
        try await correct(-100, of: anna, house)
        try await giveBack(second, of: anna, .wallet, house)
        await #expect(throws: held(7000, 7000)) { try await payOut(nil, "r1", to: anna, house) }
        try await correct(-7000, of: anna, house)
        try await correct(7000, of: anna, house)
        try await payOut(nil, "r1", to: anna, house)
      }
    }
  }
}
