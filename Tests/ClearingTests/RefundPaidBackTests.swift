import AcquirerSupport
import BankSupport
import Basics
import Charging
import Clearing
import Ledger
import Store
import Tapping
import Testing
import Transit

extension ClearingSuite {
  /// A refund that the acquirer did not take is paid back once: by a desk, or by the bank.
  @Suite struct RefundPaidBack {
    private let today: Day

    init() throws { today = try #require(Day("2026-11-23")) }

    /// A ride of 8.00 by bank card, of which 3.00 could not go back to the card.
    private func failed(_ body: @Sendable (CardHouse) async throws -> Void) async throws {
      try await CardHouse.with { cards in
        try await cards.house.bank.addAccount(StatementFile.iban, in: hryvnia, by: "olena")
        try await cards.house.journal([try bankTap(1, "08:00")], receivedAt: cards.clock.now)
        try await cards.work()
        try await cards.nextDay()
        let order = try await cards.debts.proposeRefund(
          try await cards.window(), minor: 300, reason: "test", by: "olena")
        _ = try await cards.debts.decide(order, isApproved: true, by: "taras")
        try await cards.house.script(
          "update charge_refund set state = 'failed', next_at = null where refund_id = 1")
        #expect(try await cards.balances() == ["1120 800", "2190 -500", "2220 -300"])
        try await body(cards)
        try await cards.house.expectSound()
      }
    }

    private func payment(_ key: String = "k1") -> DebtPayment {
      DebtPayment(minor: nil, channel: .cash, place: "desk 1", reference: "slip 7", key: key)
    }

    private func transfer(_ number: String, opening: Int64 = 0) -> StatementFile {
      StatementFile(
        number, opening: opening, from: today, to: today,
        [StatementFile.Entry("E\(number)", -300, on: today, "KVYTOK-R1")])
    }

    private func words(_ cards: CardHouse) async throws -> String {
      let medium = cards.house.medium("visa-anna", .bank)
      let day = try #require(Day("2026-11-22"))
      return try await RiderChargeDesk(store: cards.house.store).told(
        of: RiderID(high: medium.high, low: medium.low), days: day...day
      ).charges.flatMap { $0.sentences(in: .english) }.joined(separator: "; ")
    }

    @Test func whatADeskPaidBackTheBankDoesNotPayAgain() async throws {
      try await failed { cards in
        #expect(try await words(cards).contains("could not be given back to the card"))
        let given = try await cards.debts.payBack(1, payment(), by: "desk 1")
        #expect(!given.isRepeated && given.payment.minor == 300)
        #expect(try await cards.balances() == ["1110 -300", "1120 800", "2190 -500"])
        #expect(
          try await cards.house.texts(
            """
            select concat_ws(' ', v.kind, v.minor, v.detail, v.place, v.reference, v.actor,
              v.entry_id = r.paid_entry_id)
            from charge_event v, charge_refund r where v.idempotency_key = 'k1'
            """) == ["refund_paid_back 300 r1 desk 1 slip 7 desk 1 t"])
        try await cards.house.expectSound()
        // Sent again it is the same money; under another key it is refused, and the key is no other's.
        #expect(try await cards.debts.payBack(1, payment(), by: "desk 1").isRepeated)
        let entry = try #require(given.payment.entryID)
        await #expect(
          throws: MoneyRefusal.unfit("refund 1 was paid back before, by entry \(entry)")
        ) { _ = try await cards.debts.payBack(1, payment("k2"), by: "desk 1") }
        var other = payment()
        other.reference = "slip 8"
        let changed = other
        await #expect(throws: RiderRefusal.keyReused) {
          _ = try await cards.debts.payBack(1, changed, by: "desk 1")
        }
        #expect(try await cards.house.take(transfer("1")) == "1 unknown")
        #expect(
          try await cards.house.texts("select note from statement_line")
            == ["refund 1 is paid back already"])
        await #expect(throws: MoneyRefusal.unfit("refund 1 is paid back already")) {
          try await cards.house.bank.match(1, to: .refund, 1, by: "olena")
        }
        #expect(
          try await cards.balances()
            == ["1100 -300", "1110 -300", "1120 800", "2190 -500", "2290 300"])
        #expect(try await words(cards).contains("were paid back in cash or by transfer"))
      }
    }

    @Test func whatTheBankPaidADeskDoesNotPayAgain() async throws {
      try await failed { cards in
        #expect(try await cards.house.take(transfer("1")) == "1 refund")
        let entry = try await cards.house.number("select max(entry_id) from entry")
        #expect(
          try await cards.house.number("select paid_entry_id from charge_refund") == entry)
        await #expect(
          throws: MoneyRefusal.unfit("refund 1 was paid back before, by entry \(entry)")
        ) { _ = try await cards.debts.payBack(1, payment(), by: "desk 1") }
        #expect(try await cards.house.take(transfer("2", opening: -300)) == "1 unknown")
        #expect(
          try await cards.balances() == ["1100 -600", "1120 800", "2190 -500", "2290 300"])
        #expect(try await words(cards).contains("were paid back in cash or by transfer"))
      }
    }

    @Test func whatTwoPeoplePaidBackNeitherADeskNorTheBankPaysAgain() async throws {
      try await failed { cards in
        let adjusting = Adjusting(store: cards.house.store, city: cards.house.city)
        let asked = try await adjusting.request(
          [
            Posting(.debit, account: "2220", minor: 300),
            Posting(.credit, account: "1110", minor: 300),
          ], pays: ["KVYTOK-R1"], currency: hryvnia, reason: "handed over by the manager",
          by: "olena", at: cards.clock.now)
        #expect(asked == .requested(1))
        guard
          case .booked(let entry, _) = try await adjusting.decide(
            1, isApproved: true, by: "taras", at: cards.clock.now)
        else {
          Issue.record("it was not booked")
          return
        }
        #expect(try await cards.house.number("select paid_entry_id from charge_refund") == entry)
        await #expect(
          throws: MoneyRefusal.unfit("refund 1 was paid back before, by entry \(entry)")
        ) { _ = try await cards.debts.payBack(1, payment(), by: "desk 1") }
        #expect(try await cards.house.take(transfer("1")) == "1 unknown")
        #expect(try await words(cards).contains("were paid back in cash or by transfer"))
      }
    }

    @Test func whatAPersonFindsOutToBeARefundIsPaidBackToo() async throws {
      try await failed { cards in
        let file = StatementFile(
          "1", opening: 0, from: today, to: today,
          [StatementFile.Entry("E1", -300, on: today, "to a rider")])
        #expect(try await cards.house.take(file) == "1 unknown")
        try await cards.house.bank.match(1, to: .refund, 1, by: "olena")
        #expect(try await cards.balances() == ["1100 -300", "1120 800", "2190 -500"])
        #expect(
          try await cards.house.number("select paid_entry_id from charge_refund")
            == cards.house.number("select match_entry_id from statement_line"))
      }
    }

    @Test func onlyARefundThatTheAcquirerDidNotTakeIsPaidAtADesk() async throws {
      try await failed { cards in
        await #expect(throws: MoneyRefusal.notFound("refund 9")) {
          _ = try await cards.debts.payBack(9, payment(), by: "desk 1")
        }
        var part = payment()
        part.minor = 100
        let wrong = part
        await #expect(throws: MoneyRefusal.self) {
          _ = try await cards.debts.payBack(1, wrong, by: "desk 1")
        }
        let order = try await cards.debts.proposeRefund(
          try await cards.window(), minor: 200, reason: "test", by: "olena")
        _ = try await cards.debts.decide(order, isApproved: true, by: "taras")
        try await cards.work()
        await #expect(throws: MoneyRefusal.self) {
          _ = try await cards.debts.payBack(2, payment(), by: "desk 1")
        }
        #expect(try await cards.balances() == ["1120 600", "2190 -300", "2220 -300"])
      }
    }

    @Test func aPaymentThatIsForgedIsNamed() async throws {
      try await failed { cards in
        _ = try await cards.debts.payBack(1, payment(), by: "desk 1")
        try await cards.house.script(
          House.forging("update charge_refund set paid_entry_id = null"))
        let findings = try await cards.house.audit().findings.joined(separator: "\n")
        #expect(findings.contains("account 2220"), "\(findings)")
        try await cards.house.script(
          House.forging(
            """
            update charge_refund set paid_entry_id = (
              select entry_id from charge_event where kind = 'refund_paid_back')
            """))
      }
    }

    @Test func twoDesksAtOncePayItOnce() async throws {
      try await failed { (cards) async throws in
        let paid = await withTaskGroup(of: Int.self) { group in
          for number in 1...4 {
            group.addTask {
              let given = try? await cards.debts.payBack(1, payment("k\(number)"), by: "desk 1")
              return given == nil ? 0 : 1
            }
          }
          return await group.reduce(0, +)
        }
        #expect(paid == 1)
        #expect(try await cards.balances() == ["1110 -300", "1120 800", "2190 -500"])
      }
    }
  }
}
