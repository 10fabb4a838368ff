import AcquirerSupport
import Basics
import Charging
import Clearing
import Postgres
import Store
import Testing

extension ClearingSuite {
  /// After a restore the acquirer is asked nothing until a person compared with it.
  @Suite struct ChargingHoldTests {
    private static let asked = """
      select kind from charge_event
      where kind in ('check_asked', 'asked', 'asked_again', 'capture_asked') order by event_id
      """

    private static func hold(_ cards: CardHouse) async throws {
      let now = cards.clock.now
      _ = try await cards.house.store.write { try await $0.restores.begin(by: "olha", at: now) }
    }

    private static func release(_ cards: CardHouse) async throws {
      let now = cards.clock.now
      let held = try await cards.house.store.write {
        try await $0.restores.release(by: "taras", at: now)
      }
      #expect(held?.contains("by olha") == true)
    }

    @Test func whileItIsHeldWindowsCloseAndTheAcquirerIsAskedNothing() async throws {
      try await CardHouse.with { cards in
        try await Self.hold(cards)
        try await cards.house.journal([try bankTap(1, "08:00")], receivedAt: cards.clock.now)
        try await cards.work()
        try await cards.nextDay()
        #expect(try await cards.windows() == ["2026-11-22 0 closed 800 800"])
        #expect(try await cards.house.texts(Self.asked).isEmpty)
        let state = try await cards.house.store.read {
          try await $0.restores.state(at: cards.clock.now)
        }
        #expect(state.windowsToAsk == 1 && state.closedThrough?.description == "2026-11-22")
        try await Self.release(cards)
        try await cards.work()
        #expect(try await cards.windows() == ["2026-11-22 0 captured 800 0"])
        #expect(try await cards.house.texts(Self.asked).contains("asked"))
        try await cards.house.expectSound()
      }
    }

    /// What a desk took before the crash is written down while it is held, and asked for no more.
    @Test func whatWasComparedIsNotAskedForAfterTheRelease() async throws {
      try await CardHouse.with { cards in
        try await Self.hold(cards)
        try await cards.house.journal([try bankTap(1, "08:00")], receivedAt: cards.clock.now)
        try await cards.work()
        try await cards.nextDay()
        try await cards.debts.pay(
          try await cards.window(), minor: nil, channel: .transfer, by: "olena")
        try await Self.release(cards)
        try await cards.work()
        #expect(try await !cards.house.texts(Self.asked).contains("asked"))
        try await cards.house.expectSound()
      }
    }

    /// A window that was asked would take no money at a desk, and be asked by a new key after the release.
    @Test(arguments: [false, true])
    func whileItIsHeldNobodyHasTheAcquirerAsked(isAlone: Bool) async throws {
      try await CardHouse.with { cards in
        try await Self.hold(cards)
        try await cards.house.journal([try bankTap(1, "08:00")], receivedAt: cards.clock.now)
        try await cards.work()
        try await cards.nextDay()
        let window = try await cards.window()
        let refusal = await #expect(throws: MoneyRefusal.self) {
          _ = try await cards.debts.askNow(window, by: "olena", isAlone: isAlone)
        }
        #expect(refusal?.description.contains("pay at a desk, or ask later") == true)
        #expect(try await cards.windows() == ["2026-11-22 0 closed 800 800"])
        try await cards.debts.pay(window, minor: nil, channel: .transfer, by: "olena")
        try await Self.release(cards)
        try await cards.work()
        #expect(try await !cards.house.texts(Self.asked).contains("asked"))
        try await cards.house.expectSound()
      }
    }

    @Test func whileItIsHeldNoClearingFileIsMadeOrGivenOut() async throws {
      try await CardHouse.with(byFile: true) { cards in
        try await cards.house.journal([try bankTap(1, "08:00")], receivedAt: cards.clock.now)
        try await cards.work()
        try await cards.nextDay()
        let desk = ClearingFileDesk(service: cards.charging, merchant: "city")
        let schedule = ClearingFileSchedule(
          store: cards.house.store, city: cards.house.city, desk: desk, from: 6 * 3600,
          now: { cards.clock.now })
        try await Self.hold(cards)
        guard case .held = try await desk.makeNext() else {
          Issue.record("a clearing file was made while charging was held")
          return
        }
        #expect(try await schedule.makeDue() == 0)
        try await Self.release(cards)
        #expect(try await schedule.makeDue() == 1)
        try await Self.hold(cards)
        #expect(try await desk.giveOut { _ in }.isEmpty)
        try await Self.release(cards)
        #expect(try await desk.giveOut { _ in }.count == 1)
      }
    }

    /// A house by daily files with a window that is authorised and in no clearing file.
    private static func authorised(
      _ body: @Sendable (CardHouse, _ desk: ClearingFileDesk, _ window: Int64) async throws -> Void
    ) async throws {
      try await CardHouse.with(byFile: true) { cards in
        try await cards.house.journal([try bankTap(1, "08:00")], receivedAt: cards.clock.now)
        try await cards.work()
        try await cards.nextDay()
        #expect(try await cards.windows() == ["2026-11-22 0 authorised 800 800"])
        let desk = ClearingFileDesk(service: cards.charging, merchant: "city")
        try await body(cards, desk, try await cards.window())
      }
    }

    /// The clearing file that named the payment and its refund is not known any more; its funding file is.
    @Test func whatAFundingFileTellsOfALostClearingFileIsNotGivenAgain() async throws {
      try await Self.authorised { cards, desk, window in
        let reference = try #require(
          try await cards.house.texts("select reference from charge_window").first)
        _ = try #require(try await desk.make())
        let order = try await cards.debts.proposeRefund(
          window, minor: 300, reason: "the bus broke down", by: "olena")
        _ = try await cards.debts.decide(order, isApproved: true, by: "taras")
        try await cards.work()
        let refund = try await cards.house.number(
          "select refund_id from charge_refund where state = 'approved'")
        try await Self.hold(cards)
        let lines = [
          line(.capture, reference, 800, key: "w\(window)-1"),
          line(.refund, "R1", 300, key: "r\(refund)"),
        ]
        #expect(try await cards.fund(1, lines) == [.matched: 2])
        #expect(try await cards.windows() == ["2026-11-22 0 settled 800 0"])
        #expect(
          try await cards.house.texts("select state from charge_refund") == ["settled"])
        try await Self.release(cards)
        #expect(try await desk.make() == nil)
        try await cards.house.expectSound()
      }
    }

    @Test func whatWasAuthorisedAndIsFundedWhileItIsHeldIsNotCapturedAgain() async throws {
      try await Self.authorised { cards, desk, window in
        let reference = try #require(
          try await cards.house.texts("select reference from charge_window").first)
        try await Self.hold(cards)
        let state = try await cards.house.store.read {
          try await $0.restores.state(at: cards.clock.now)
        }
        #expect(state.windowsToAsk == 1 && state.windowsAuthorised == 1)
        #expect(
          try await cards.fund(1, [line(.capture, reference, 800, key: "w\(window)-1")])
            == [.matched: 1])
        #expect(try await cards.windows() == ["2026-11-22 0 settled 800 0"])
        try await Self.release(cards)
        #expect(try await desk.make() == nil)
        try await cards.house.expectSound()
      }
    }

    /// The acquirer says that it took it, and its funding file comes after the release.
    @Test func whatWasAuthorisedAndTakenIsWrittenDownAndNotCapturedAgain() async throws {
      try await Self.authorised { cards, desk, window in
        try await Self.hold(cards)
        await #expect(throws: MoneyRefusal.self) {
          try await cards.debts.pay(window, minor: 300, channel: .transfer, by: "olena")
        }
        try await cards.debts.pay(window, minor: nil, channel: .transfer, by: "olena")
        #expect(try await cards.windows() == ["2026-11-22 0 settled 800 0"])
        try await Self.release(cards)
        #expect(try await desk.make() == nil)
        #expect(
          try await cards.fund(1, [line(.capture, "P1", 800, key: "w\(window)-1")])
            == [.twice: 1])
        #expect(try await cards.balances() == ["1100 1600", "2190 -800", "2290 -800"])
        try await cards.house.expectSound()
      }
    }
  }
}
