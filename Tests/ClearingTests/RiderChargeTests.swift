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

extension ClearingSuite {
  /// A rider reads what became of the charge of their bank card, beside the fares.
  @Suite struct RiderChargeTests {
    private static let days = Day(number: 20_779)...Day(number: 20_781)

    /// 8.00 in the morning and 8.00 in the evening by one bank card.
    private static func ride(_ house: CardHouse) async throws {
      try await house.house.journal(
        [try bankTap(1, "08:00"), try bankTap(2, "18:00")], receivedAt: house.clock.now)
      try await house.work()
    }

    private static func charges(_ house: CardHouse) async throws -> [RiderCharge] {
      let text = try #require(
        try await house.house.texts("select rider_id::text from rider").first)
      let rider = try #require(RiderID(text))
      return try await RiderChargeDesk(store: house.house.store).told(of: rider, days: days).charges
    }

    @Test func aDayIsOpenThenPaidAndACorrectionIsToldWithWhatWentBack() async throws {
      try await CardHouse.with { house in
        try await Self.ride(house)
        let open = try await Self.charges(house)
        #expect(open.map(\.stateName) == ["open"] && open.map(\.amount.minor) == [1600])
        #expect(open[0].sentences(in: .english)[0].contains("not charged yet"))
        try await house.nextDay()
        let paid = try await Self.charges(house)
        #expect(paid.map(\.stateName) == ["captured"])
        #expect(paid[0].sentences(in: .english) == ["paid"])
        #expect(paid[0].sentences(in: .ukrainian) == ["сплачено"])
        // The price falls to 5.00: 6.00 go back.
        try await house.house.publish(
          testTariff.replacing("adult: 8.00", with: "adult: 5.00")
            .replacing("version: test-1", with: "version: test-2")
            .replacing("from: 2026-01-01", with: "from: 2026-01-02"), at: house.clock.now)
        try await house.work()
        let mended = try await Self.charges(house)
        #expect(mended.map(\.stateName) == ["captured", "netted"])
        #expect(mended.map(\.amount.minor) == [1600, -600])
        #expect(mended[0].refunds.map(\.minor) == [600])
        #expect(
          mended[0].sentences(in: .english) == [
            "paid", "6.00 UAH were given back to the card",
          ])
        #expect(
          mended[0].sentences(in: .ukrainian) == ["сплачено", "6,00 UAH повернено на картку"])
        // The same money is told once: its other line says that it is no more.
        let credit = mended[1].sentences(in: .english)
        #expect(
          credit[0]
            == "these are the 6.00 UAH that go back at another line of this day, and no further money"
        )
        #expect(mended[1].sentences(in: .ukrainian)[0].hasPrefix("це ті самі 6,00 UAH"))
        #expect(credit[1].hasPrefix("a correction of a day"))
      }
    }

    @Test func aDeclineIsToldInPlainWords() async throws {
      let mood = AcquirerMood(declines: 1, silences: 0, repeats: 0, delays: 0)
      try await CardHouse.with(mood: mood) { house in
        try await Self.ride(house)
        try await house.nextDay()
        let declined = try #require(try await Self.charges(house).first)
        #expect(["retrying", "debt"].contains(declined.stateName))
        let sentence = declined.sentences(in: .english)[0]
        #expect(sentence.hasPrefix("declined: "), "\(sentence)")
        #expect(
          sentence.contains("not enough money") || sentence.contains("blocked"), "\(sentence)")
        #expect(declined.sentences(in: .ukrainian)[0].hasPrefix("відмовлено: "))
        let window = try await house.window()
        _ = try await house.debts.pay(window, minor: 600, channel: .cash, by: "Desk 1")
        let begun = try #require(try await Self.charges(house).first)
        #expect(begun.sentences(in: .english)[1] == "6.00 UAH were paid at a desk")
        _ = try await house.debts.pay(window, minor: nil, channel: .cash, by: "Desk 1")
        let recovered = try #require(try await Self.charges(house).first)
        // The card was never charged.
        #expect(recovered.sentences(in: .english)[0] == "paid at a desk")
        #expect(recovered.sentences(in: .ukrainian)[0] == "сплачено в касі")
        #expect(recovered.sentences(in: .english)[1].hasPrefix("declined at first: "))
      }
    }

    @Test func ofAChargeThatADeskBeganAndTheCardEndedBothAreTold() async throws {
      let mood = AcquirerMood(declines: 1, silences: 0, repeats: 0, delays: 0)
      try await CardHouse.with(mood: mood) { house in
        try await Self.ride(house)
        try await house.nextDay()
        let window = try await house.window()
        _ = try await house.debts.pay(window, minor: 600, channel: .cash, by: "Desk 1")
        house.acquirer.books.withLock { $0.mood.declines = 0 }
        _ = try await house.debts.askNow(window, by: "olena")
        try await house.charging.drain()
        let charge = try #require(try await Self.charges(house).first)
        #expect(charge.sentences(in: .english)[0] == "paid, 6.00 UAH of it at a desk")
        #expect(charge.sentences(in: .ukrainian)[0] == "сплачено, з них 6,00 UAH у касі")
      }
    }

    /// A debt that a later rating makes smaller goes back to nobody: it is asked for no more.
    @Test func whatACorrectionTakesOffADebtIsNotToldAsGivenBack() async throws {
      let mood = AcquirerMood(declines: 1, silences: 0, repeats: 0, delays: 0)
      try await CardHouse.with(mood: mood) { house in
        try await Self.ride(house)
        try await house.nextDay()
        try await house.house.publish(
          testTariff.replacing("adult: 8.00", with: "adult: 5.00")
            .replacing("version: test-1", with: "version: test-2")
            .replacing("from: 2026-01-01", with: "from: 2026-01-02"), at: house.clock.now)
        try await house.work()
        let charges = try await Self.charges(house)
        #expect(charges.map(\.amount.minor) == [1600, -600])
        #expect(charges[0].refunds.isEmpty)
        #expect(
          charges[1].sentences(in: .english)[0] == "taken off what was owed, or given back before")
      }
    }

    /// What a desk took goes back at a desk: no card was asked to take it.
    @Test func whatADeskTookAndGivesBackIsNotToldAsRefusedByTheCard() async throws {
      let mood = AcquirerMood(declines: 1, silences: 0, repeats: 0, delays: 0)
      try await CardHouse.with(mood: mood) { house in
        try await Self.ride(house)
        try await house.nextDay()
        _ = try await house.debts.pay(
          try await house.window(), minor: nil, channel: .cash, by: "Desk 1")
        try await house.house.publish(
          testTariff.replacing("adult: 8.00", with: "adult: 5.00")
            .replacing("version: test-1", with: "version: test-2")
            .replacing("from: 2026-01-01", with: "from: 2026-01-02"), at: house.clock.now)
        try await house.work()
        let owed = try #require(try await Self.charges(house).first)
        #expect(
          owed.sentences(in: .english).last == "6.00 UAH are to be given back at a desk")
        #expect(
          owed.sentences(in: .ukrainian).last == "6,00 UAH можна отримати назад у касі")
        let refund = try #require(owed.refunds.first)
        _ = try await house.debts.payBack(
          refund.id,
          DebtPayment(minor: nil, channel: .cash, place: "desk 1", reference: "slip 7", key: "k9"),
          by: "desk 1")
        let given = try #require(try await Self.charges(house).first)
        #expect(
          given.sentences(in: .english).last
            == "6.00 UAH were given back in cash or by transfer")
      }
    }

    /// The acquirer takes the capture back each time, before it has paid.
    private static func decline(_ house: CardHouse, _ attempt: Int, isFinal: Bool) async throws {
      let window = try await house.window()
      let message =
        #"{"id":"X\#(attempt)","type":"declined","key":"w\#(window)-\#(attempt)","code":"51","#
        + #""final":\#(isFinal)}"#
      #expect(try await house.messages.take(Array(message.utf8)) == .applied)
    }

    private static func askAlone(_ house: CardHouse) async throws {
      _ = try await house.debts.askNow(try await house.window(), by: "rider 1", isAlone: true)
    }

    @Test func aRiderHasTheBankAskedOnlySoOften() async throws {
      try await CardHouse.with { house in
        try await Self.ride(house)
        try await house.nextDay()
        let hour = MoneyRefusal.unfit(
          "the bank of the card was asked less than an hour ago; try again later, or pay at a desk")
        for attempt in 1...4 {
          try await Self.decline(house, attempt, isFinal: false)
          if attempt > 1 {
            house.clock.advance(seconds: 3599)
            await #expect(throws: hour) { try await Self.askAlone(house) }
            house.clock.advance(seconds: 1)
          }
          try await Self.askAlone(house)
          try await house.charging.drain()
        }
        try await Self.decline(house, 5, isFinal: false)
        house.clock.advance(seconds: 3600)
        let day = MoneyRefusal.unfit(
          "the bank of the card was asked 4 times within a day; pay at a desk")
        await #expect(throws: day) { try await Self.askAlone(house) }
        // A day after the first the rider may again.
        house.clock.advance(seconds: 20 * 3600)
        try await Self.askAlone(house)
      }
    }

    @Test func afterAFinalDeclineOnlyAPersonOfTheHouseAsksAgain() async throws {
      try await CardHouse.with { house in
        try await Self.ride(house)
        try await house.nextDay()
        try await Self.decline(house, 1, isFinal: true)
        house.clock.advance(seconds: 10 * 86_400)
        await #expect(
          throws: MoneyRefusal.unfit("the bank of the card declined for good; pay at a desk")
        ) { try await Self.askAlone(house) }
        _ = try await house.debts.askNow(try await house.window(), by: "olena")
        try await house.charging.drain()
        #expect(try await Self.charges(house).map(\.stateName) == ["captured"])
      }
    }

    @Test(arguments: ["05", "14", "33", "41", "51", "54", "57", "61", "91"])
    func aCodeOfTheStandardHasWordsOfItsOwn(_ code: String) {
      let words = DeclineWords.words(for: code)
      #expect(!words.english.contains(code) && !words.ukrainian.contains(code))
      #expect(DeclineWords.words(for: "zz").english.contains("zz"))
      // No bank gave it as a code.
      #expect(
        DeclineWords.words(for: DeclineWords.notHonoured).english
          == "the payment that was taken was not honoured")
    }
  }
}
