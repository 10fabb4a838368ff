import AcquirerSupport
import Basics
import Charging
import Clearing
import SimulatedAcquirer
import Store
import Synchronization
import Tapping
import Testing
import Transit
import Wallet

extension ClearingSuite {
  /// Debts that were paid at a desk in part: neither the acquirer nor a file is asked for what a desk took,
  /// and what the acquirer does not pay is owed again.
  @Suite struct DeskMoneyTests {
    /// 8.00 that the acquirer took back at first: a desk took 3.00, and the acquirer 5.00 then.
    private func partPaid(
      byFile: Bool = false, _ body: @Sendable (CardHouse, _ window: Int64) async throws -> Void
    ) async throws {
      try await CardHouse.with(byFile: byFile) { cards in
        try await cards.house.journal([try bankTap(1, "08:00")], receivedAt: cards.clock.now)
        try await cards.work()
        try await cards.nextDay()
        let window = try await cards.window()
        if byFile { _ = try #require(try await file(cards).make()) }
        let declined = #"{"id":"X1","type":"declined","key":"w\#(window)-1","code":"51"}"#
        #expect(try await cards.messages.take(Array(declined.utf8)) == .applied)
        try await cards.debts.pay(window, minor: 300, channel: .cash, by: "desk 1")
        _ = try await cards.debts.askNow(window, by: "olena")
        try await cards.work()
        if byFile {
          let lines = try #require(try await file(cards).make()).lines
          #expect(lines.map(\.minor) == [500])
        }
        #expect(try await cards.windows() == ["2026-11-22 0 captured 800 0"])
        #expect(try await cards.balances() == ["1110 300", "1120 500", "2190 -800"])
        try await body(cards, window)
      }
    }

    private func file(_ cards: CardHouse) -> ClearingFileDesk {
      ClearingFileDesk(service: cards.charging, merchant: "city")
    }

    private func refunds(_ cards: CardHouse) async throws -> [String] {
      try await cards.house.texts(
        "select concat_ws(' ', minor, cause, state, fault) from charge_refund order by refund_id")
    }

    private static let atDesk = "failed paid at a desk: pay it back there"

    @Test func aRefundIsSplitBetweenTheAcquirerAndTheDesk() async throws {
      try await partPaid { cards, window in
        try await cards.makeRidesFree()
        #expect(
          try await refunds(cards) == ["500 rerated paid", "300 rerated \(Self.atDesk)"])
        #expect(try await cards.balances() == ["1110 300", "2220 -300"])
        let asked = cards.acquirer.books.withLock { $0.allRefunds.map(\.minor) }
        #expect(asked == [500])
        try await cards.house.expectSound()
      }
    }

    @Test func aClearingFileAsksForNoMoreThanTheAcquirerTook() async throws {
      try await partPaid(byFile: true) { cards, window in
        try await cards.makeRidesFree()
        let lines = try #require(try await file(cards).make()).lines
        #expect(lines.map { "\($0.minor) \($0.isRefund)" } == ["500 true"])
        #expect(try await cards.balances() == ["1110 300", "2220 -300"])
        #expect(try await file(cards).make() == nil)
        try await cards.house.expectSound()
      }
    }

    @Test func goodwillGoesBackThroughTheAcquirerFirstAndTheRestAtTheDesk() async throws {
      try await partPaid { cards, window in
        try await cards.giveGoodwill(400, of: window)
        try await cards.giveGoodwill(200, of: window)
        #expect(
          try await refunds(cards) == [
            "400 goodwill paid", "100 goodwill paid", "100 goodwill \(Self.atDesk)",
          ])
        // 2.00 are left, which a desk took.
        try await cards.giveGoodwill(200, of: window)
        await #expect(throws: MoneyRefusal.self) {
          _ = try await cards.debts.proposeRefund(window, minor: 1, reason: "x", by: "olena")
        }
        #expect(try await cards.balances() == ["1110 300", "2220 -300"])
        try await cards.house.expectSound()
      }
    }

    @Test func aRidersBankTakesBackNoMoreThanTheAcquirerTook() async throws {
      try await partPaid { cards, window in
        let payment = try #require(cards.acquirer.books.withLock { $0.allPayments.last })
        func dispute(_ id: String, _ minor: Int) -> [UInt8] {
          Array(
            """
            {"id":"\(id)","type":"chargeback","case":"\(id)","reference":"\(payment.reference)",\
            "amount_minor":\(minor),"currency":"UAH","stage":"opened"}
            """.utf8)
        }
        #expect(
          try await cards.messages.take(dispute("M1", 501))
            == .unfit("only 500 minor units of it are left"))
        #expect(try await cards.messages.take(dispute("M2", 500)) == .applied)
        // What goes back then is the desk's.
        try await cards.giveGoodwill(300, of: window)
        #expect(try await refunds(cards) == ["300 goodwill \(Self.atDesk)"])
        try await cards.house.expectSound()
      }
    }

    /// As a program left it that did not know what a desk took.
    @Test func aRefundOfBeforeThatIsMoreThanTheAcquirerTookIsLeftToADesk() async throws {
      try await partPaid(byFile: true) { cards, window in
        try await cards.makeRidesFree()
        try await cards.house.script(
          """
          update charge_window set desk_refunded_minor = null where refunded_minor > 0;
          update charge_refund set state = 'approved', fault = null, next_at = now() - interval '9 years';
          """)
        let lines = try #require(try await file(cards).make()).lines
        #expect(lines.map(\.minor) == [300])
        #expect(try await refunds(cards) == ["500 rerated \(Self.atDesk)", "300 rerated paid"])
        #expect(try await file(cards).make() == nil)
      }
    }

    @Test func whatTheAcquirerDoesNotHonourIsOwedAgainAndTheDeskKeepsItsPart() async throws {
      try await partPaid { cards, window in
        let payment = try #require(cards.acquirer.books.withLock { $0.allPayments.last })
        let line = line(.decline(code: "late"), payment.reference, 500, key: payment.key)
        #expect(try await cards.fund(1, [line]) == [.declined: 1])
        #expect(try await cards.windows() == ["2026-11-22 0 retrying 800 500"])
        #expect(try await cards.balances() == ["1110 300", "1200 500", "2190 -800"])
        #expect(try await cards.house.texts("select state from card_standing") == ["denied"])
        // The line again says what is known, also when a further try was taken by then.
        #expect(try await cards.fund(2, [line]) == [.declined: 1])
        _ = try await cards.debts.askNow(window, by: "olena")
        try await cards.work()
        #expect(try await cards.fund(3, [line]) == [.declined: 1])
        #expect(try await cards.windows() == ["2026-11-22 0 captured 800 0"])
        #expect(
          try await cards.remainders().filter { $0.hasPrefix("declined") }
            == ["", "known already", "known already"].map {
              "declined \(payment.reference) 500: \($0)"
            }
            .sorted())
        try await cards.house.expectSound()
      }
    }

    @Test func ofACaptureThatIsPaidInPartTheRestIsOwedAgain() async throws {
      try await partPaid { cards, window in
        let payment = try #require(cards.acquirer.books.withLock { $0.allPayments.last })
        #expect(
          try await cards.fund(
            1,
            [
              line(.capture, payment.reference, 200, key: payment.key),
              line(.decline(code: "late"), payment.reference, 300, key: payment.key),
            ]) == [.amountDiffers: 1, .declined: 1])
        #expect(try await cards.windows() == ["2026-11-22 0 retrying 800 300"])
        #expect(
          try await cards.balances() == ["1100 200", "1110 300", "1200 300", "2190 -800"])
        _ = try await cards.debts.askNow(window, by: "olena")
        try await cards.work()
        // By the name of the new payment 3.00 can be asked back, and no more.
        try await cards.makeRidesFree()
        #expect(
          try await refunds(cards) == ["300 rerated paid", "500 rerated \(Self.atDesk)"])
        #expect(try await cards.balances() == ["1100 200", "1110 300", "2220 -500"])
        try await cards.house.expectSound()
      }
    }

    @Test func aCaptureThatIsNotHonouredAfterARefundWaitsForAPerson() async throws {
      try await partPaid { cards, window in
        try await cards.giveGoodwill(100, of: window)
        let payment = try #require(cards.acquirer.books.withLock { $0.allPayments.last })
        let line = line(.decline(code: "late"), payment.reference, 500, key: payment.key)
        #expect(try await cards.fund(7, [line]) == [.notHonoured: 1])
        #expect(try await cards.windows() == ["2026-11-22 0 captured 800 0"])
        let desk = KeptMessageDesk(store: cards.house.store, now: { cards.clock.now })
        let waiting = try await desk.list(openOnly: true)
        #expect(waiting.map(\.id) == ["KVYTOK-F7-2"])
        #expect(waiting.first?.why.hasPrefix("100 minor units of it were given back") == true)
        #expect(waiting.first?.body.hasPrefix("N,\(payment.reference),\(payment.key),500") == true)
        guard case .open(let items) = try await cards.house.close(isOpenAllowed: false) else {
          Issue.record("November was closed over a capture that is not paid")
          return
        }
        #expect(items.contains(OpenItem(kind: .keptMessages, count: 1)))
        try await desk.decide("KVYTOK-F7-2", reason: "the acquirer pays 4.00", by: "olena")
        #expect(try await desk.list(openOnly: true).isEmpty)
        #expect(try await desk.list(openOnly: false).map { $0.decision?.by } == ["olena"])
        await #expect(throws: MoneyRefusal.self) {
          try await desk.decide("KVYTOK-F7-2", reason: "once more", by: "taras")
        }
        guard case .open(let left) = try await cards.house.close(isOpenAllowed: false) else {
          return
        }
        #expect(!left.contains { $0.kind == .keptMessages })
        try await cards.house.expectSound()
      }
    }

    @Test func aCaptureThatIsNotHonouredWhileItIsDisputedWaitsForAPerson() async throws {
      try await partPaid { cards, window in
        let payment = try #require(cards.acquirer.books.withLock { $0.allPayments.last })
        let lines = [
          line(.chargeback(caseID: "CB1", stage: .opened), payment.reference, 500),
          line(.decline(code: "late"), payment.reference, 500, key: payment.key),
        ]
        #expect(try await cards.fund(1, lines) == [.matched: 1, .notHonoured: 1])
        let desk = KeptMessageDesk(store: cards.house.store, now: { cards.clock.now })
        #expect(try await desk.list(openOnly: true).count == 1)
        try await cards.house.expectSound()
      }
    }
  }

  /// A payment at a desk is one payment however often it is sent.
  @Suite struct DebtPaymentTests {
    private func declined(
      _ body: @Sendable (CardHouse, _ window: Int64) async throws -> Void
    ) async throws {
      let mood = AcquirerMood(declines: 1, silences: 0, repeats: 0, delays: 0)
      try await CardHouse.with(mood: mood) { cards in
        try await cards.house.journal(
          [try bankTap(1, "08:00"), try bankTap(2, "09:00", card: "visa-olha")],
          receivedAt: cards.clock.now)
        try await cards.work()
        try await cards.nextDay()
        try await body(
          cards, try await cards.house.number("select min(window_id) from charge_window"))
      }
    }

    private func payment(_ minor: Int64?, key: String = "k1") -> DebtPayment {
      DebtPayment(
        minor: minor, channel: .cash, place: "desk 1", reference: "slip 7", key: key)
    }

    @Test func thePaymentThatIsSentAgainIsTakenOnce() async throws {
      try await declined { cards, window in
        let taken = try await cards.debts.pay(window, payment(300), by: "desk 1")
        #expect(!taken.isRepeated && taken.row.window.dueMinor == 500)
        #expect(taken.payment.minor == 300 && taken.payment.entryID != nil)
        for minor in [300, nil] as [Int64?] {
          let again = try await cards.debts.pay(window, payment(minor), by: "desk 1")
          #expect(again.isRepeated && again.row.window.dueMinor == 500)
          #expect(again.payment == taken.payment)
        }
        #expect(try await cards.balances().filter { $0.hasPrefix("1110") } == ["1110 300"])
        #expect(
          try await cards.house.texts(
            """
            select concat_ws(' ', minor, detail, place, reference, idempotency_key, actor)
            from charge_event where kind = 'paid_at_desk'
            """) == ["300 cash desk 1 slip 7 k1 desk 1"])
        // The rest under a key of its own; what was sent before stays known after it.
        _ = try await cards.debts.pay(window, payment(nil, key: "k2"), by: "desk 1")
        #expect(try await cards.debts.pay(window, payment(300), by: "desk 1").isRepeated)
        #expect(try await cards.balances().filter { $0.hasPrefix("1110") } == ["1110 800"])
        try await cards.house.expectSound()
      }
    }

    @Test func aKeyIsNotUsedForTwoPayments() async throws {
      try await declined { cards, window in
        _ = try await cards.debts.pay(window, payment(300), by: "desk 1")
        var others = [payment(301), payment(300), payment(300), payment(300)]
        others[1].channel = .transfer
        others[2].place = "desk 2"
        others[3].reference = nil
        others[3].channel = .transfer
        for other in others {
          await #expect(throws: RiderRefusal.keyReused) {
            _ = try await cards.debts.pay(window, other, by: "desk 1")
          }
        }
        await #expect(throws: RiderRefusal.keyReused) {
          _ = try await cards.debts.pay(window + 1, payment(300), by: "desk 1")
        }
        #expect(try await cards.balances().filter { $0.hasPrefix("1110") } == ["1110 300"])
      }
    }

    @Test func twoDesksWithOneKeyAtOnceTakeItOnce() async throws {
      try await declined { cards, window in
        let repeated = try await withThrowingTaskGroup(of: Bool.self) { group in
          for _ in 0..<4 {
            group.addTask {
              try await cards.debts.pay(window, payment(300), by: "desk 1").isRepeated
            }
          }
          return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(repeated.count { !$0 } == 1)
        #expect(try await cards.balances().filter { $0.hasPrefix("1110") } == ["1110 300"])
      }
    }

    @Test func aPaymentNamesKeyDeskAndReceipt() async throws {
      try await declined { cards, window in
        var wrong = [payment(300), payment(300), payment(300), payment(300)]
        wrong[0].key = ""
        wrong[1].place = nil
        wrong[2].reference = nil
        wrong[3].key = String(repeating: "k", count: MoneyOrder.textBytesMax + 1)
        for payment in wrong {
          await #expect(throws: RiderRefusal.self) {
            _ = try await cards.debts.pay(window, payment, by: "desk 1")
          }
        }
        // A transfer has no desk.
        _ = try await cards.debts.pay(
          window, DebtPayment(minor: 300, channel: .transfer, key: "t1"), by: "desk 1")
        #expect(try await cards.balances().filter { $0.hasPrefix("1100") } == ["1100 300"])
      }
    }
  }
}
