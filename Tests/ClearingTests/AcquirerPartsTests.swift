import AcquirerSupport
import Basics
import Charging
import Clearing
import SimulatedAcquirer
import Store
import Synchronization
import Testing

extension ClearingSuite {
  /// What the acquirer keeps or pays in part: the rest stays open and is told, and nothing is booked twice.
  @Suite struct AcquirerPartsTests {
    private func charged(
      _ body: @Sendable (CardHouse, _ reference: String) async throws -> Void
    ) async throws {
      try await CardHouse.charged { try await body($0, $1.reference) }
    }

    @Test func aDisputeIsKeptInPartAndPaidInPart() async throws {
      try await charged { cards, reference in
        let told = """
          {"id":"M1","type":"chargeback","case":"CB1","reference":"\(reference)",\
          "amount_minor":800,"currency":"UAH","stage":"opened"}
          """
        #expect(try await cards.messages.take(Array(told.utf8)) == .applied)
        func step(_ stage: ChargebackStage, _ minor: Int64) -> FundingRecord {
          line(.chargeback(caseID: "CB1", stage: stage), reference, minor)
        }
        #expect(
          try await cards.fund(1, [line(.capture, reference, 800, fee: 12), step(.opened, 300)])
            == [.matched: 1, .amountDiffers: 1])
        // Of 8.00 that were disputed 5.00 are still to be kept.
        #expect(
          try await cards.balances() == [
            "1100 488", "1120 -500", "1250 800", "2190 -800", "7100 12",
          ])
        try await cards.house.expectSound()
        // Then more than the rest: 1.00 of it matches nothing. What comes then was all kept before.
        #expect(
          try await cards.fund(2, [step(.opened, 600), step(.opened, 1)])
            == [.amountDiffers: 1, .twice: 1])
        #expect(
          try await cards.balances() == [
            "1100 -113", "1250 800", "2190 -800", "2290 101", "7100 12",
          ])
        #expect(
          try await cards.fund(3, [step(.won, 200), step(.lost, 800)]) == [.amountDiffers: 2])
        // It is won as it was opened, whole; 6.00 are still to be paid. Lost it cannot be then.
        #expect(
          try await cards.balances() == [
            "1100 87", "1120 600", "2190 -800", "2290 101", "7100 12",
          ])
        #expect(
          try await cards.remainders() == [
            "amount_differs \(reference) 200: case CB1 won: 800 open, moved 200",
            "amount_differs \(reference) 300: case CB1 opened: 800 open, moved 300",
            "amount_differs \(reference) 600: case CB1 opened: 500 open, moved 600",
            "amount_differs \(reference) 800: case CB1 is won here",
            "missing_there CB1 600: dispute won, not paid",
            "twice \(reference) 1: case CB1 opened: a file said so before",
          ])
        #expect(try await cards.fund(4, [step(.won, 600)]) == [.matched: 1])
        #expect(
          try await cards.balances() == ["1100 687", "2190 -800", "2290 101", "7100 12"])
        try await cards.house.expectSound()
      }
    }

    @Test func aLostDisputeIsNotPaidAsAWonOne() async throws {
      try await charged { cards, reference in
        func step(_ stage: ChargebackStage) -> FundingRecord {
          line(.chargeback(caseID: "CB1", stage: stage), reference, 800)
        }
        let lines = [line(.capture, reference, 800), step(.opened), step(.lost), step(.lost)]
        #expect(try await cards.fund(1, lines) == [.matched: 3, .twice: 1])
        #expect(try await cards.fund(2, [step(.won)]) == [.amountDiffers: 1])
        #expect(
          try await cards.balances() == ["1100 800", "2190 -800", "2290 -800", "7210 800"])
        try await cards.house.expectSound()
      }
    }

    /// The line that is refused for its amount leaves the step to the line that is right.
    @Test func aRefusedLineOfADisputeLeavesItsStepOpen() async throws {
      try await charged { cards, reference in
        func step(_ minor: Int64) -> FundingRecord {
          line(.chargeback(caseID: "CB1", stage: .opened), reference, minor)
        }
        #expect(
          try await cards.fund(1, [line(.capture, reference, 800), step(900), step(800)])
            == [.matched: 2, .amountDiffers: 1])
        #expect(
          try await cards.balances() == ["1100 -900", "1250 800", "2190 -800", "2290 900"])
        try await cards.house.expectSound()
      }
    }

    @Test func aRefundIsKeptInPartAndStaysGivenUntilTheRestIsKept() async throws {
      try await charged { cards, reference in
        let order = try await cards.debts.proposeRefund(
          try await cards.window(), minor: 300, reason: "test", by: "olena")
        _ = try await cards.debts.decide(order, isApproved: true, by: "taras")
        // The answer got lost: the first line is the answer, and the second is not another one.
        try await cards.house.script("update charge_refund set state = 'asking'")
        #expect(
          try await cards.fund(
            1, [line(.capture, reference, 800), line(.refund, "R1", 100, key: "r1")])
            == [.matched: 1, .amountDiffers: 1])
        let state = "select concat_ws(' ', state, kept_minor) from charge_refund"
        #expect(try await cards.house.texts(state) == ["paid 100"])
        #expect(try await cards.balances() == ["1100 700", "1120 -200", "2190 -500"])
        try await cards.house.expectSound()
        #expect(
          try await cards.fund(
            2, [line(.refund, "R1", 150, key: "r1"), line(.refund, "R1", 50, key: "r1")])
            == [.amountDiffers: 1, .matched: 1])
        #expect(try await cards.house.texts(state) == ["settled 300"])
        #expect(
          try await cards.fund(3, [line(.refund, "R1", 50, key: "r1")]) == [.twice: 1])
        #expect(try await cards.balances() == ["1100 450", "2190 -500", "2290 50"])
        try await cards.house.expectSound()
      }
    }

    /// The card that a refund went to and the case of a dispute are named, each with its window.
    @Test func refundsAndDisputesThatTheAcquirerHasNotKeptAreNamed() async throws {
      try await charged { cards, reference in
        let window = try await cards.window()
        let order = try await cards.debts.proposeRefund(
          window, minor: 300, reason: "test", by: "olena")
        _ = try await cards.debts.decide(order, isApproved: true, by: "taras")
        try await cards.work()
        let told = """
          {"id":"M1","type":"chargeback","case":"CB1","reference":"\(reference)",\
          "amount_minor":500,"currency":"UAH","stage":"opened"}
          """
        #expect(try await cards.messages.take(Array(told.utf8)) == .applied)
        #expect(try await cards.fund(1, [line(.capture, reference, 800)]) == [.matched: 1])
        #expect(
          try await cards.remainders() == [
            "missing_there CB1 500: dispute, not kept",
            "missing_there Rr1 300: refund to a card, not kept",
          ])
        func compared(_ lag: Day) async throws -> (sums: [String], windows: [Int64?]) {
          try await cards.house.store.read { db in
            let days = (from: Day(number: 0), to: Day(number: 30_000))
            let sums = try await db.acquirerFiles.reconciliation(
              from: days.from, to: days.to, lagDay: lag)
            let rest = try await db.acquirerFiles.remainders(
              from: days.from, to: days.to, lagDay: lag, countMax: 99)
            return (
              sums.map { "\($0.category.rawValue) \($0.records) \($0.minor)" },
              rest.map(\.windowID)
            )
          }
        }
        // Both are steps of the 23rd: up to the day before nothing is missing yet.
        let early = try await compared(try #require(Day("2026-11-22")))
        #expect(early.sums == ["matched 1 800"] && early.windows.isEmpty, "\(early)")
        let due = try await compared(try #require(Day("2026-11-23")))
        #expect(due.sums == ["matched 1 800", "missing_there 2 800"], "\(due.sums)")
        #expect(due.windows == [window, window])
        let dispute = FundingRecord.Kind.chargeback(caseID: "CB1", stage: .opened)
        #expect(
          try await cards.fund(
            2, [line(.refund, "Rr1", 300, key: "r1"), line(dispute, reference, 500)])
            == [.matched: 2])
        #expect(try await cards.remainders() == [])
        try await cards.house.expectSound()
      }
    }

    /// What the acquirer is to pay and what it is to keep stand in one sum, and each by itself.
    @Test func whatIsToComeInAndWhatIsToGoOutAreToldApart() async throws {
      try await charged { cards, reference in
        let order = try await cards.debts.proposeRefund(
          try await cards.window(), minor: 300, reason: "test", by: "olena")
        _ = try await cards.debts.decide(order, isApproved: true, by: "taras")
        try await cards.work()
        func compared() async throws -> (sums: [String], ways: [String]) {
          try await cards.house.store.read { db in
            let days = (from: Day(number: 0), to: Day(number: 30_000))
            let sums = try await db.acquirerFiles.reconciliation(
              from: days.from, to: days.to, lagDay: days.to)
            let rest = try await db.acquirerFiles.remainders(
              from: days.from, to: days.to, lagDay: days.to, countMax: 99)
            return (
              sums.map {
                "\($0.category.rawValue) \($0.records) \($0.minor) in \($0.inMinor) out \($0.outMinor)"
              },
              rest.map { "\($0.minor) \($0.direction?.rawValue ?? "-")" }.sorted()
            )
          }
        }
        let open = try await compared()
        #expect(open.sums == ["missing_there 2 1100 in 800 out 300"])
        #expect(open.ways == ["300 out", "800 in"])
        _ = try await cards.fund(
          1,
          [
            line(.capture, "P-other", 700), line(.refund, "R-other", 200),
            line(.decline(code: "late"), "P-other", 100), line(.billing, "B1", 50),
          ])
        let told = try await compared()
        #expect(
          told.sums == [
            "missing_there 2 1100 in 800 out 300", "unknown 4 1050 in 700 out 250",
          ])
        #expect(told.ways == ["100 -", "200 out", "300 out", "50 out", "700 in", "800 in"])
      }
    }

    @Test func whatABillTakesBesidesItsFeeWaitsForAPerson() async throws {
      try await CardHouse.with { cards in
        #expect(
          try await cards.fund(
            1, [line(.billing, "B1", 0, fee: 100), line(.billing, "B2", 300, fee: 20)])
            == [.matched: 1, .unknown: 1])
        #expect(try await cards.balances() == ["1100 -420", "2290 300", "7100 120"])
        #expect(
          try await cards.remainders() == [
            "unknown B2 300: billed besides the fee, for nothing that is known here"
          ])
        try await cards.house.expectSound()
      }
    }
  }
}
