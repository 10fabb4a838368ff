import BankSupport
import Basics
import Charging
import Clearing
import Ledger
import Store
import Testing

extension ClearingSuite {
  /// Where a payout goes is decided by two people: whoever changes an operator's account afterwards
  /// redirects nothing.
  @Suite struct PayoutAccounts {
    private static let old = BankAccount(
      name: "КП Трамвай", iban: "UA903052992990004149123456789", bic: nil)
    private static let other = BankAccount(
      name: "O. Olena", iban: "UA213223130000026007233566001", bic: nil)
    private static let payer = BankAccount(
      name: "Kvytok", iban: "DE89370400440532013000", bic: nil)

    private let today: Day

    init() throws { today = try #require(Day("2026-11-23")) }

    /// A tram and a bus are owed 100.00 and 50.00; olena proposes both payouts.
    private func proposed(
      _ body: @Sendable (House, PayoutDesk, _ bus: Int64, _ tram: Int64) async throws -> Void
    ) async throws {
      try await House.with { house in
        for (name, minor) in [("bus", 5_000), ("tram", 10_000)] as [(String, Int64)] {
          try await house.book(
            .correction, Posting(.debit, account: "2190", minor: minor),
            Posting(.credit, account: "2100", operatorID: name, minor: minor))
          try await house.payouts.setAccount(Self.old, of: name, by: "petro")
        }
        let orders = try await house.payoutsAfter.propose(through: today, by: "olena").orders
        #expect(orders.map(\.subject) == ["bus", "tram"])
        #expect(orders.map(\.payee) == [Self.old, Self.old])
        try await body(house, house.payouts, orders[0].id, orders[1].id)
      }
    }

    @Test func theBankIsNotAskedToPayOnADayThatIsOver() async throws {
      try await proposed { _, desk, bus, _ in
        _ = try await desk.decide(bus, isApproved: true, by: "taras")
        let yesterday = today.adding(days: -1)
        await #expect(
          throws: MoneyRefusal.unfit(
            "the bank is to pay on 2026-11-22, which is over: name today, 2026-11-23, or a later day"
          )
        ) {
          _ = try await desk.makeFile(
            currency: hryvnia, from: Self.payer, executionDay: yesterday, by: "olena")
        }
        #expect(try await file(desk) != nil)
      }
    }

    @Test func aPaymentFileIsPaidFromAnAccountOfTheHouse() async throws {
      try await proposed { house, desk, bus, _ in
        _ = try await desk.decide(bus, isApproved: true, by: "taras")
        try await house.bank.addAccount(StatementFile.iban, in: hryvnia, by: "olena")
        guard let euro = Currency("EUR") else { return }
        try await house.bank.addAccount(Self.payer.iban, in: euro, by: "olena")
        do {
          _ = try await file(desk)
          Issue.record("it is paid from an account of which no statement would be taken")
        } catch let refusal as MoneyRefusal {
          let known = "known are \(StatementFile.iban)"
          #expect("\(refusal)".contains(known), "\(refusal)")
          #expect("\(refusal)".contains("kvytok bank account \(Self.payer.iban)"), "\(refusal)")
        }
        #expect(
          try await house.texts("select state from payout where order_id = \(bus)") == ["approved"])
        try await house.bank.addAccount(Self.payer.iban, in: hryvnia, by: "olena")
        #expect(try await file(desk) != nil)
      }
    }

    /// A payout to the house itself would be paid, and the operator would have nothing.
    @Test func anAccountOfTheHouseIsNoOperators() async throws {
      try await proposed { house, desk, _, _ in
        try await house.bank.addAccount(StatementFile.iban, in: hryvnia, by: "olena")
        let own = "is an account of the house: name the one where the operator has its money"
        await #expect(throws: MoneyRefusal.unfit("\(StatementFile.iban) \(own)")) {
          try await desk.setAccount(
            BankAccount(name: "Bus", iban: "UA21 3223 1300 0002 6007 2335 6600 1", bic: nil),
            of: "bus", by: "olena")
        }
        #expect(try await desk.accounts(of: "bus").map(\.account) == [Self.old])
        await #expect(
          throws: MoneyRefusal.unfit(
            "\(Self.old.iban) is where operator bus is paid: it is no account of the house")
        ) {
          try await house.bank.addAccount(Self.old.iban, in: hryvnia, by: "olena")
        }
        #expect(try await house.texts("select iban from bank_account") == [StatementFile.iban])
      }
    }

    private func file(_ desk: PayoutDesk) async throws -> String? {
      try await desk.makeFile(
        currency: hryvnia, from: Self.payer, executionDay: today, by: "olena")?.xml
    }

    /// The accounts that a payment file pays to.
    private func ibans(_ xml: String?) -> [Substring] {
      (xml ?? "").split(separator: "<CdtrAcct>").dropFirst().compactMap {
        $0.split(separator: "<IBAN>").dropFirst().first?.prefix { $0 != "<" }
      }
    }

    @Test func onePersonRedirectsNothingThatTwoApproved() async throws {
      try await proposed { house, desk, bus, tram in
        for order in [bus, tram] { _ = try await desk.decide(order, isApproved: true, by: "taras") }
        try await desk.setAccount(Self.other, of: "tram", by: "olena")
        let before = try await house.owed()
        let what =
          "order \(tram) pays tram to \(Self.old.iban), and its account is \(Self.other.iban) by now"
        await #expect(
          throws: MoneyRefusal.unfit(what + ": propose payouts anew, which withdraws this one")
        ) { try await file(desk) }
        #expect(try await house.owed() == before)
        #expect(try await house.number("select count(*) from payment_message") == 0)
        // A mended account means a new proposal, which says where the money goes.
        let anew = try await house.payoutsAfter.propose(through: today, by: "olena")
        #expect(
          anew.leftOut == ["\(what): it is withdrawn", "bus: a payout waits already"])
        let order = try #require(anew.orders.first)
        #expect(anew.orders.count == 1 && order.payee == Self.other && order.minor == 10_000)
        #expect(
          try await house.texts(
            "select concat_ws(' ', operator_id, state, order_id) from payout order by payout_id")
            == ["bus approved \(bus)", "tram refused \(tram)", "tram awaiting \(order.id)"])
        // What is not decided yet goes nowhere; the bus is paid.
        #expect(ibans(try await file(desk)) == [Self.old.iban[...]])
        _ = try await desk.decide(order.id, isApproved: true, by: "taras")
        #expect(ibans(try await file(desk)) == [Self.other.iban[...]])
        try await house.expectSound()
      }
    }

    @Test(arguments: [
      BankAccount(name: "КП Трамвай", iban: old.iban, bic: "UNJSUAUKXXX"),
      BankAccount(name: "Somebody", iban: old.iban, bic: nil), other,
    ])
    func aProposalWhoseAccountIsAnotherByNowCanOnlyBeRefused(account: BankAccount) async throws {
      try await proposed { house, desk, _, tram in
        try await desk.setAccount(account, of: "tram", by: "olena")
        let refusal = await #expect(throws: MoneyRefusal.self) {
          _ = try await desk.decide(tram, isApproved: true, by: "taras")
        }
        #expect(
          refusal?.description.hasSuffix("by now: refuse it, and have the payout proposed anew")
            == true, "\(String(describing: refusal))")
        _ = try await desk.decide(tram, isApproved: false, by: "taras")
        let orders = try await house.payoutsAfter.propose(through: today, by: "olena").orders
        #expect(orders.map(\.payee) == [account])
      }
    }

    /// Back to the account for which it was approved, and it is paid.
    @Test func anAccountThatWasPutBackIsPaid() async throws {
      try await proposed { house, desk, _, tram in
        _ = try await desk.decide(tram, isApproved: true, by: "taras")
        try await desk.setAccount(Self.other, of: "tram", by: "olena")
        try await desk.setAccount(Self.old, of: "tram", by: "petro")
        #expect(ibans(try await file(desk)) == [Self.old.iban[...]])
      }
    }

    @Test func theSecondPersonSeesWhereTheMoneyGoesAndWhoSaidSo() async throws {
      try await proposed { house, desk, bus, tram in
        try await desk.setAccount(Self.other, of: "tram", by: "olena")
        let orders = try await house.store.read { db in try await db.orders.list(waitingOnly: true)
        }
        // What was proposed stands with the order, whatever the account is now.
        #expect(orders.map(\.id) == [tram, bus] && orders.allSatisfy { $0.payee == Self.old })
        let accounts = try await desk.accounts(of: nil)
        #expect(accounts.map(\.operatorID) == ["bus", "tram"])
        #expect(accounts.map(\.account) == [Self.old, Self.other])
        #expect(accounts.map(\.changedBy) == ["petro", "olena"])
        #expect(accounts.allSatisfy { $0.changedAt == House.noon })
        #expect(try await desk.accounts(of: "bus").map(\.operatorID) == ["bus"])
      }
    }

    /// Whoever has the database changes where a payout goes: the proof names the column.
    @Test func anAccountChangedByHandIsNamed() async throws {
      try await proposed { house, _, _, tram in
        try await house.expectSound()
        try await house.script(
          House.forging(
            "update payout set account_iban = '\(Self.other.iban)' where order_id = \(tram)"))
        let findings = try await house.fullAudit().findings.map { "\($0)" }
        #expect(
          findings.contains { $0.contains("payout") && $0.contains("account_iban") }, "\(findings)")
      }
    }

    /// One that left the network, and was paid all that it was owed, may bring a new account: the books
    /// know it.
    @Test func anOperatorThatLeftAndIsOwedNothingGetsItsAccount() async throws {
      try await House.with { house in
        try await house.importNetwork()
        let gone = { (side: Side, minor: Int64) in
          Posting(side, account: "2100", operatorID: "gone", minor: minor)
        }
        await #expect(throws: MoneyRefusal.self) {
          try await house.payouts.setAccount(Self.old, of: "gone", by: "olena")
        }
        try await house.book(
          .fares, Posting(.debit, account: "1200", minor: 500), gone(.credit, 500))
        try await house.book(
          .payout, gone(.debit, 500), Posting(.credit, account: "1100", minor: 500))
        try await house.payouts.setAccount(Self.old, of: "gone", by: "olena")
        // Where only the city's side of it is in the books, it is known too.
        try await house.book(
          .correction,
          Posting(.debit, account: "1300", operatorID: "old", minor: 500),
          Posting(.credit, account: "2290", minor: 500))
        try await house.payouts.setAccount(Self.other, of: "old", by: "olena")
        #expect(try await house.payouts.accounts(of: nil).map(\.operatorID) == ["gone", "old"])
      }
    }
  }
}
