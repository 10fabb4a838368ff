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

    private func withAccount(
      tariff: String = testTariff, _ body: @Sendable (House) async throws -> Void
    ) async throws {
      try await House.with(tariff: tariff) { house in
        try await house.bank.addAccount(StatementFile.iban, in: hryvnia, by: "olena")
        try await body(house)
        try await house.expectSound()
      }
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
        func sell(_ key: String, _ reference: String) async throws -> Int64 {
          let sold = try await house.products.sell(
            "ten rides", to: anna, from: nil, for: byBank(nil, key: key, reference, house), by: desk
          ).holding.holdingID
          try await house.service.drain()
          return sold
        }
        func giveBack(_ holding: Int64, _ channel: MoneyChannel) async throws {
          _ = try await house.products.refund(holding, of: anna, through: channel, by: desk)
          try await house.service.drain()
        }
        let first = try await sell("s1", "INV-8")
        await #expect(throws: RiderRefusal.saleNotSeenAtBank) { try await giveBack(first, .bank) }
        // Over the account it is the same way.
        try await giveBack(first, .wallet)
        await #expect(
          throws: RiderRefusal.wallet(.notSeenAtBank(unseenMinor: 7000, askedMinor: 7000))
        ) {
          _ = try await house.wallets.refund(
            byBank(7000, key: "r1", "OUT-1", house), to: anna, by: desk)
        }
        #expect(try await house.take(file("1", 7000, "INV-8")) == "1 sale")
        _ = try await house.wallets.refund(
          byBank(7000, key: "r1", "OUT-1", house), to: anna, by: desk)
        let second = try await sell("s2", "INV-9")
        #expect(try await house.take(file("2", opening: 7000, 7000, "INV-9")) == "1 sale")
        try await giveBack(second, .bank)
        #expect(try await house.accounts()["2220"] == 14_000)
      }
    }
  }
}
