import AcquirerSupport
import Basics
import Charging
import Clearing
import Store
import Tapping
import Testing
import Transit
import Wallet

extension ClearingSuite {
  /// A payment that a rider's bank took back for good, and fares that fall: nobody owes anything.
  @Suite struct LostDisputeTests {
    /// A ride of 8.00 that the acquirer paid.
    private func paid(_ body: @Sendable (CardHouse) async throws -> Void) async throws {
      try await CardHouse.with { cards in
        try await cards.house.journal([try bankTap(1, "08:00")], receivedAt: cards.clock.now)
        try await cards.work()
        try await cards.nextDay()
        _ = try await cards.funding.take(cards.fundingFile(), name: "paid.csv")
        #expect(try await cards.windows() == ["2026-11-22 0 settled 800 0"])
        try await body(cards)
      }
    }

    /// A step of a dispute about the only payment.
    private func tell(
      _ cards: CardHouse, _ stage: String, _ minor: Int64, case name: String = "CB1"
    ) async throws {
      let reference = try #require(
        try await cards.house.texts(
          "select reference from charge_window where reference is not null"
        ).first)
      let body = """
        {"id":"\(name)-\(stage)","type":"chargeback","case":"\(name)","reference":"\(reference)",\
        "amount_minor":\(minor),"currency":"UAH","stage":"\(stage)"}
        """
      #expect(try await cards.messages.take(Array(body.utf8)) == .applied)
    }

    private func rider(_ cards: CardHouse) -> RiderID {
      let medium = cards.house.medium("visa-anna", .bank)
      return RiderID(high: medium.high, low: medium.low)
    }

    /// What riders owe and what was lost, where either is not even.
    private func standing(_ cards: CardHouse) async throws -> [String] {
      try await cards.balances().filter { $0.hasPrefix("1200") || $0.hasPrefix("7210") }
    }

    private func lost(_ cards: CardHouse) async throws -> [String] {
      try await cards.house.texts(
        "select lost_minor::text from charge_window where lost_minor is not null")
    }

    @Test func aRideThatIsFreeAfterALostDisputeIsNoLossAndItsRiderCanBeErased() async throws {
      try await paid { cards in
        try await tell(cards, "opened", 800)
        try await tell(cards, "lost", 800)
        #expect(try await standing(cards) == ["7210 800"])
        #expect(try await lost(cards) == ["800"])
        try await cards.makeRidesFree()
        #expect(try await standing(cards) == [])
        #expect(try await lost(cards) == [])
        #expect(
          try await cards.windows() == [
            "2026-11-22 0 settled 800 0", "2026-11-22 1 netted -800 0",
          ])
        #expect(try await cards.house.number("select count(*) from charge_refund") == 0)
        let audit = try await cards.house.fullAudit()
        #expect(audit.isSound, "\(audit.findings)")
        _ = try await cards.house.riders.erase(
          rider(cards), by: RiderAct(actor: "desk", reason: "asked", at: cards.clock.now),
          randomBytes: { count in (0..<count).map { UInt8($0 * 7 + 1) } })
        try await cards.house.expectSound()
      }
    }

    @Test func aFareThatFellWhileTheCaseWasOpenWaitsAndIsSetOffOnceItIsLost() async throws {
      try await paid { cards in
        try await tell(cards, "opened", 800)
        try await cards.makeRidesFree()
        #expect(try await cards.windows().last == "2026-11-22 1 netting -800 -800")
        #expect(try await standing(cards) == ["1200 -800"])
        try await cards.house.expectSound()
        try await tell(cards, "lost", 800)
        cards.clock.advance(seconds: ChargeWindow.answerSecondsMax)
        try await cards.work()
        #expect(try await cards.windows().last == "2026-11-22 1 netted -800 0")
        #expect(try await standing(cards) == [])
        #expect(
          try await cards.house.texts(
            """
            select concat_ws(' ', v.kind, v.minor, e.kind, account, debit_minor, credit_minor)
            from charge_event v join entry e using (entry_id) join posting using (entry_id)
            where v.kind = 'loss_set_off' order by line
            """) == [
              "loss_set_off 800 chargeback 1200 800 0", "loss_set_off 800 chargeback 7210 0 800",
            ])
        try await cards.house.expectSound()
      }
    }

    @Test func ofADisputeAboutAPartTheRestGoesBackToTheCard() async throws {
      try await paid { cards in
        try await tell(cards, "opened", 300)
        try await tell(cards, "lost", 300)
        try await cards.makeRidesFree()
        #expect(try await standing(cards) == [])
        #expect(try await cards.windows().last == "2026-11-22 1 netted -800 0")
        #expect(
          try await cards.house.texts(
            "select concat_ws(' ', minor, cause, state) from charge_refund")
            == ["500 rerated paid"])
        try await cards.house.expectSound()
      }
    }

    @Test func aDisputeThatIsWonIsGivenBackToTheCardAsBefore() async throws {
      try await paid { cards in
        try await tell(cards, "opened", 800)
        try await cards.makeRidesFree()
        try await tell(cards, "won", 800)
        cards.clock.advance(seconds: ChargeWindow.answerSecondsMax)
        try await cards.work()
        #expect(try await standing(cards) == [])
        #expect(
          try await cards.house.texts(
            "select concat_ws(' ', minor, cause, state) from charge_refund")
            == ["800 rerated paid"])
        try await cards.house.expectSound()
      }
    }
  }
}
