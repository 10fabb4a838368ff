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

extension ClearingSuite {
  /// Input that nobody should give: nothing is booked, and the message says what to do.
  @Suite struct BadMoney {
    @Test func aRefundLargerThanTheFareSaysHowMuchThereIs() async throws {
      try await CardHouse.charged { house, _ in
        let window = try await house.window()
        let before = try await house.balances()
        for minor in [801, 0] as [Int64] {
          await #expect(
            throws: MoneyRefusal.unfit(
              "a refund is above 0 and at most what is left of the payment: 8.00 UAH")
          ) {
            _ = try await house.debts.proposeRefund(
              window, minor: minor, reason: "x", by: "olena")
          }
        }
        #expect(try await house.balances() == before)
        #expect(try await house.house.number("select count(*) from money_order") == 0)
      }
    }

    @Test func whoProposedARefundAsksASecondPerson() async throws {
      try await CardHouse.charged { house, _ in
        let order = try await house.debts.proposeRefund(
          try await house.window(), minor: 300, reason: "x", by: "olena")
        do {
          _ = try await house.debts.decide(order, isApproved: true, by: "olena")
          Issue.record("who proposed it decided it")
        } catch let refusal as MoneyRefusal {
          #expect(
            refusal.description
              == "who proposed an order may not decide it: ask a second person")
        }
        #expect(try await house.house.number("select count(*) from charge_refund") == 0)
      }
    }

    @Test func aFundingFileThatIsCutSaysToAskForItAgain() async throws {
      try await CardHouse.charged { house, _ in
        let file = house.fundingFile()
        let cut = Array(file.prefix(file.count - 20))
        let whole = Array(file[..<(file.lastIndex(of: 0x54) ?? 0)])
        for bytes in [cut, whole] {
          guard case .refused(let why) = try await house.funding.take(bytes, name: "cut.csv")
          else {
            Issue.record("a file that is cut was taken")
            return
          }
          #expect(why.contains("the file is cut off"), "\(why)")
        }
        #expect(
          try await house.house.texts("select distinct name from acquirer_file_refused")
            == ["cut.csv"])
        // The whole file is taken after all.
        #expect(
          try await house.funding.take(file, name: "whole.csv")
            == .taken(number: 1, categories: [.matched: 1]))
      }
    }

    @Test func moneyInAnotherCurrencyAndOfAnUnknownReferenceWaitsWithItsReason() async throws {
      try await CardHouse.charged { house, payment in
        let day = try #require(Day("2026-11-24"))
        let euro = try #require(Currency("EUR"))
        func record(_ line: Int, _ reference: String, _ key: String?) -> FundingRecord {
          FundingRecord(
            line: line, kind: .capture, reference: reference, key: key, grossMinor: 800,
            feeMinor: 0, currency: euro, valueDate: day)
        }
        let file = FundingFile(
          number: 1, date: day, merchant: "city", currency: euro,
          records: [record(2, payment.reference, payment.key), record(3, "P-unknown", nil)])
        #expect(
          try await house.funding.take(file.bytes, name: "eur.csv")
            == .taken(number: 1, categories: [.unknown: 2]))
        let notes = try await house.house.texts(
          "select note from acquirer_record order by reference = 'P-unknown'")
        #expect(notes.count == 2 && notes.last == "no payment here is called P-unknown")
        #expect(notes.first?.contains("EUR") == true, "\(notes)")
        // The hryvnias are awaited as before.
        #expect(try await house.windows() == ["2026-11-22 0 captured 800 0"])
        try await house.house.expectSound()
      }
    }

    /// The ride, its charge and its funding are of November, which is closed; the dispute comes in
    /// December and is booked there.
    @Test func aChargebackOfAClosedPeriodIsBookedInTheOpenOne() async throws {
      try await CardHouse.charged { house, payment in
        _ = try await house.funding.take(house.fundingFile(), name: "a.csv")
        house.clock.set(House.december)
        guard case .closed(let proof, _) = try await house.house.close() else {
          Issue.record("November was not closed")
          return
        }
        func message(_ id: String, _ stage: String) -> [UInt8] {
          Array(
            """
            {"id":"\(id)","type":"chargeback","case":"CB1","reference":"\(payment.reference)",\
            "amount_minor":800,"currency":"UAH","stage":"\(stage)"}
            """.utf8)
        }
        #expect(try await house.messages.take(message("M1", "opened")) == .applied)
        #expect(try await house.messages.take(message("M2", "lost")) == .applied)
        #expect(
          try await house.house.texts(
            """
            select kind || ' ' || accounting_date || ' ' || fare_day from entry
            where accounting_date >= '2026-12-01' order by entry_id
            """)
            == ["chargeback 2026-12-01 2026-11-22", "chargeback 2026-12-01 2026-11-22"])
        let row = try await house.house.store.read { db in try await db.periods.list() }
          .first { $0.name == "2026-11" }
        #expect(row?.root == proof.root)
        let audit = try await house.house.fullAudit()
        #expect(audit.isSound, "\(audit.findings)")
      }
    }
  }
}
