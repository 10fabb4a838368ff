import BankSupport
import Basics
import Charging
import Clearing
import Ledger
import Store
import Testing
import Wallet

extension ClearingSuite {
  /// What a rider is owed is paid once: by the bank, by a desk, or by what two people adjust.
  @Suite struct PaidOnce {
    private let today: Day

    init() throws { today = try #require(Day("2026-11-23")) }

    private func withAccount(_ body: @Sendable (House) async throws -> Void) async throws {
      try await House.with { house in
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

    /// 90.00 came in cash, and 10.00 go back by transfer: movement 2.
    private func transfer(_ house: House) async throws {
      let anna = try await house.register("anna")
      try await house.topUp(anna, 9000, key: "k1")
      var order = house.cash(1000, key: "k2")
      (order.channel, order.reference) = (.bank, "OUT-1")
      _ = try await house.wallets.refund(order, to: anna, by: desk)
      #expect(try await house.accounts()["2220"] == 1000)
    }

    private func adjust(
      _ house: House, _ minor: Int64, pays: [String] = [], from debit: String = "2220",
      to credit: String = "1110"
    ) async throws -> AdjustmentOutcome {
      try await Adjusting(store: house.store, city: house.city).request(
        [
          Posting(.debit, account: debit, minor: minor),
          Posting(.credit, account: credit, minor: minor),
        ], pays: pays, currency: hryvnia, reason: "paid in cash", by: "olena", at: House.noon)
    }

    private func approve(_ house: House, _ number: Int64) async throws -> AdjustmentOutcome {
      try await Adjusting(store: house.store, city: house.city).decide(
        number, isApproved: true, by: "taras", at: House.noon)
    }

    @Test func aTransferThatTwoPeoplePaidOtherwiseTheBankDoesNotPayAgain() async throws {
      try await withAccount { house in
        try await transfer(house)
        guard case .unfit(let why) = try await adjust(house, 1000) else {
          Issue.record("what a rider is owed was paid by no name")
          return
        }
        #expect(why.contains("name what it pays"), "\(why)")
        #expect(
          try await adjust(house, 1000, pays: ["KVYTOK-T9"])
            == .unfit("there is no KVYTOK-T9 in UAH"))
        #expect(
          try await adjust(house, 900, pays: ["KVYTOK-T2"])
            == .unfit("what it names comes to 10.00 UAH, and it takes 9.00 UAH out of 2220"))
        for odd in [["KVYTOK-P1"], ["T2", "KVYTOK-T2"], ["anna"]] {
          guard case .unfit = try await adjust(house, 1000, pays: odd) else {
            Issue.record("\(odd) was taken")
            return
          }
        }
        #expect(try await adjust(house, 1000, pays: ["KVYTOK-T2"]) == .requested(1))
        #expect(try await adjust(house, 1000, pays: ["t2"]) == .requested(2))
        guard case .booked = try await approve(house, 1) else {
          Issue.record("it was not booked")
          return
        }
        // Neither another adjustment nor the bank pays it, nor a person who says what the line is.
        #expect(
          try await approve(house, 2) == .unfit("KVYTOK-T2 is paid by adjustment 1"))
        #expect(try await house.take(file("1", -1000, "KVYTOK-T2")) == "1 unknown")
        #expect(
          try await house.texts("select note from statement_line")
            == ["transfer 2 is paid by adjustment 1"])
        await #expect(throws: MoneyRefusal.unfit("transfer 2 is paid by adjustment 1")) {
          try await house.bank.match(1, to: .transfer, 2, by: "olena")
        }
        let accounts = try await house.accounts()
        #expect(accounts["1110"] == 8000 && accounts["2220"] == nil, "\(accounts)")
        let pays = try await house.store.read { try await $0.adjustments.list(number: 1) }
          .map(\.pays)
        #expect(pays == [["T2"]])
      }
    }

    @Test func aTransferThatTheBankPaidNobodyPaysOtherwise() async throws {
      try await withAccount { house in
        try await transfer(house)
        #expect(try await adjust(house, 1000, pays: ["KVYTOK-T2"]) == .requested(1))
        #expect(try await house.take(file("1", -1000, "KVYTOK-T2")) == "1 transfer")
        let over = AdjustmentOutcome.unfit("KVYTOK-T2 is the money of statement line 1")
        #expect(try await approve(house, 1) == over)
        #expect(try await adjust(house, 1000, pays: ["KVYTOK-T2"]) == over)
        #expect(try await house.accounts()["1110"] == 9000)
      }
    }

    @Test func twoAdjustmentsAtOncePayATransferOnce() async throws {
      try await withAccount { house in
        try await transfer(house)
        for number in 1...4 as ClosedRange<Int64> {
          #expect(try await adjust(house, 1000, pays: ["KVYTOK-T2"]) == .requested(number))
        }
        let booked = try await withThrowingTaskGroup(of: Int.self) { group in
          for number in 1...4 as ClosedRange<Int64> {
            group.addTask {
              guard case .booked = try await approve(house, number) else { return 0 }
              return 1
            }
          }
          return try await group.reduce(0, +)
        }
        #expect(booked == 1)
        #expect(try await house.accounts()["1110"] == 8000)
      }
    }

    @Test func whatAnAdjustmentPutThereGoesOutAgainWithoutAName() async throws {
      try await withAccount { house in
        // The bank brought a transfer back of which only the sum is known.
        #expect(try await house.take(file("1", 500, "returned")) == "1 unknown")
        #expect(try await adjust(house, 500, from: "2290", to: "2220") == .requested(1))
        guard case .unfit = try await adjust(house, 500) else {
          Issue.record("it was taken before it was there")
          return
        }
        _ = try await approve(house, 1)
        guard case .unfit = try await adjust(house, 501) else {
          Issue.record("more was taken than was put there")
          return
        }
        #expect(try await adjust(house, 500) == .requested(2))
        guard case .booked = try await approve(house, 2) else {
          Issue.record("it was not booked")
          return
        }
        guard case .unfit = try await adjust(house, 1) else {
          Issue.record("it was taken twice")
          return
        }
      }
    }

    /// Before there were names an adjustment paid a transfer: nothing says so, and it is owed still.
    @Test func whatWasPaidBeforeThereWereNamesIsPutBackAndPaidByName() async throws {
      try await House.with { house in
        func carryOut(_ outcome: AdjustmentOutcome) async throws {
          guard case .requested(let number) = outcome,
            case .booked = try await approve(house, number)
          else {
            Issue.record("\(outcome) was not booked")
            return
          }
        }
        try await transfer(house)
        try await carryOut(try await adjust(house, 1000, pays: ["KVYTOK-T2"]))
        try await house.script(
          """
          set session_replication_role = replica;
          update adjustment set pays = null;
          set session_replication_role = origin;
          """)
        try await carryOut(try await adjust(house, 100, from: "1110", to: "2220"))
        guard case .unfit(let why) = try await adjust(house, 100) else {
          Issue.record("it was taken out of what is less than nothing")
          return
        }
        #expect(why.contains("put 1.00 UAH there, and took 10.00 UAH out (1)"), "\(why)")
        #expect(why.contains("an adjustment puts it there again"), "\(why)")
        // What it tells of leads on.
        try await carryOut(try await adjust(house, 1000, from: "1110", to: "2220"))
        try await carryOut(try await adjust(house, 1000, pays: ["KVYTOK-T2"]))
        try await carryOut(try await adjust(house, 100))
        #expect(
          try await adjust(house, 1000, pays: ["KVYTOK-T2"])
            == .unfit("KVYTOK-T2 is paid by adjustment 4"))
        #expect(try await house.accounts()["2220"] == nil)
      }
    }
  }
}
