import Basics
import Clearing
import Ledger
import Store
import Testing

extension ClearingSuite {
  /// What two people may not book by hand.
  @Suite struct AdjustedLineTests {
    private func ask(
      _ house: House, from debit: String, to credit: String, of name: String? = nil,
      _ minor: Int64 = 700, in currency: Currency = hryvnia
    ) async throws -> AdjustmentOutcome {
      try await Adjusting(store: house.store, city: house.city).request(
        [
          Posting(.debit, account: debit, minor: minor),
          Posting(.credit, account: credit, operatorID: name, minor: minor),
        ], currency: currency, reason: "test", by: "olena", at: House.noon)
    }

    private func approve(_ house: House, _ number: Int64) async throws -> AdjustmentOutcome {
      try await Adjusting(store: house.store, city: house.city).decide(
        number, isApproved: true, by: "taras", at: House.noon)
    }

    /// Money of a misspelt operator would be owed to it, and paid.
    @Test func anOperatorThatNobodyKnowsIsOwedNothing() async throws {
      try await House.with { house in
        try await house.importNetwork()
        let refused = AdjustmentOutcome.unfitLine(
          "line 2: there is no operator tt, neither in the network nor in a tariff nor in the "
            + "books: name one of t")
        #expect(try await ask(house, from: "2290", to: "2100", of: "tt") == refused)
        #expect(try await ask(house, from: "2290", to: "2100", of: "t") == .requested(1))
        // Nor is one approved that was asked for by a program of before.
        try await house.script(
          House.forging("update adjustment_line set operator_id = 'tt' where operator_id = 't'"))
        #expect(try await approve(house, 1) == refused)
        #expect(try await house.number("select count(*) from entry") == 0)
        // What was booked for one is taken back.
        try await house.book(
          .correction, Posting(.debit, account: "2290", minor: 5),
          Posting(.credit, account: "2100", operatorID: "tt", minor: 5))
        #expect(try await ask(house, from: "2290", to: "2100", of: "tt") == .requested(2))
      }
    }

    @Test func aCurrencyInWhichNothingIsCountedIsNotBooked() async throws {
      try await House.with { house in
        let euro = try #require(Currency("EUR"))
        #expect(
          try await ask(house, from: "1110", to: "2290", in: euro)
            == .unknownCurrency("neither a tariff nor the books count in EUR: name one of UAH"))
        #expect(try await ask(house, from: "1110", to: "2290") == .requested(1))
      }
    }

    /// The books would not prove from then on, and no month could be closed.
    @Test func whatCardsAndPassesHoldIsMovedByTheirOwnCommands() async throws {
      try await House.with { house in
        try await house.topUp(house.register("anna"), 9000, key: "k1")
        #expect(
          try await ask(house, from: "2200", to: "7100")
            == .unfitLine(
              "account 2200 is held against the cards of riders, of which no adjustment moves any: put the "
                + "balance of a card right by `kvytok wallet correct`, of two people too"))
        guard case .unfitLine(let why) = try await ask(house, from: "2290", to: "2210") else {
          Issue.record("2210 was moved without a pass")
          return
        }
        #expect(why.contains("kvytok product refund"), "\(why)")
        // What the proof names is settled by two people, once and in the right direction.
        try await house.book(
          .correction, Posting(.debit, account: "2290", minor: 700),
          Posting(.credit, account: "2200", minor: 700))
        guard case .unfitLine(let above) = try await ask(house, from: "2290", to: "2200") else {
          Issue.record("the difference was made larger")
          return
        }
        #expect(above.contains("it stands 7.00 UAH above them"), "\(above)")
        for number in 1...2 as ClosedRange<Int64> {
          #expect(try await ask(house, from: "2200", to: "2290") == .requested(number))
        }
        guard case .booked = try await approve(house, 1) else {
          Issue.record("what the proof names was not settled")
          return
        }
        guard case .unfitLine = try await approve(house, 2) else {
          Issue.record("it was settled twice")
          return
        }
        try await house.expectSound()
      }
    }
  }
}
