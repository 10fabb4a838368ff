import AcquirerSupport
import Basics
import Charging
import Clearing
import SimulatedAcquirer
import Store
import Tapping
import Testing
import Transit

extension ClearingSuite {
  /// A rider reads how their rides are paid, whatever they tap with.
  @Suite struct RiderPaymentTests {
    private static let days = Day(number: 20_779)...Day(number: 20_781)

    /// The parts of what the days of a rider come to, and that they are all of it.
    private func told(_ rider: RiderID, _ house: House) async throws -> [String] {
      let (payments, charges) = try await RiderChargeDesk(store: house.store).told(
        of: rider, days: Self.days)
      let charged = payments.filter { $0.means == .charges }.reduce(0) { $0 + $1.amount.minor }
      #expect(charges.reduce(0) { $0 + $1.amount.minor } == charged)
      let fares = try await house.number(
        """
        select coalesce(sum(charged_minor), 0)::int8 from ride
        where reversed_run_id is null and rider_id = '\(rider)'
        """)
      let parts = payments.filter { ![.belowNothing, .givenUp].contains($0.means) }
      #expect(parts.reduce(0) { $0 + $1.amount.minor } == fares)
      return payments.map { "\($0.means.rawValue) \($0.amount.minor)" }
    }

    @Test func storedValueSaysWhatItPaidAndWhatItDidNot() async throws {
      try await House.with { house in
        let anna = try await house.register("anna")
        try await house.topUp(anna, 1200, key: "k1")
        try await house.journal([
          try tap(1, "08:00"), try tap(2, "12:00"), try tap(3, "09:00", card: "vira"),
        ])
        try await house.service.drain()
        let vira = house.rider("vira")
        #expect(try await told(vira, house) == ["no_money 800"])
        let parts = try await told(anna, house)
        let owed = try await house.debts().filter { $0.rider == anna }.map(\.unpaidMinor)
          .filter { $0 > 0 }
        #expect(parts == ["stored_value \(1600 - (owed.first ?? 0))"] + owed.map { "short \($0)" })
        try await house.topUp(anna, 1000, key: "k2")
        try await house.topUp(vira, 800, key: "k3")
        #expect(try await told(anna, house) == ["stored_value 1600"])
        #expect(try await told(vira, house) == ["stored_value 800"])
      }
    }

    @Test func whatWasTakenBelowNothingOrGivenUpIsNotToldAsPaid() async throws {
      try await House.with { house in
        try await house.rule(negative: 2000)
        try await house.journal([try tap(1, "08:00"), try tap(2, "12:00")])
        try await house.service.drain()
        let anna = house.rider("anna")
        try await house.topUp(anna, 500, key: "k1")
        #expect(try await told(anna, house) == ["stored_value 1600", "below_nothing 1100"])
        let order = try await house.walletOrders.proposeWriteOff(
          in: hryvnia, of: anna, reason: "moved away", by: "olena")
        _ = try await house.walletOrders.decide(order, isApproved: true, by: "taras")
        #expect(try await told(anna, house) == ["stored_value 1600", "given_up 1100"])
        // On days without rides nothing was taken.
        let none = try await RiderChargeDesk(store: house.store).told(
          of: anna, days: Day(number: 20_700)...Day(number: 20_700))
        #expect(none.payments.isEmpty)
      }
    }

    @Test func whatACardIsChargedAndAPhoneOfNoAccountAreToldApart() async throws {
      // The first-use check of the phone is declined, so that nothing is known of its account.
      try await CardHouse.with(mood: AcquirerMood(declines: 1)) { cards in
        var phone = try bankTap(1, "08:00", card: "phone")
        phone.medium = .phone
        try await cards.house.journal(
          [phone, try bankTap(2, "09:00")], receivedAt: cards.clock.now)
        try await cards.work()
        let (first, second) = (
          cards.house.medium("phone", .phone), cards.house.medium("visa-anna", .bank)
        )
        let ofPhone = RiderID(high: first.high, low: first.low)
        let ofCard = RiderID(high: second.high, low: second.low)
        // Before the day is closed as after it: nobody is asked for the phone's.
        #expect(try await told(ofPhone, cards.house) == ["no_account 800"])
        #expect(try await told(ofCard, cards.house) == ["charges 800"])
        try await cards.nextDay()
        #expect(try await told(ofCard, cards.house) == ["charges 800"])
        #expect(try await told(ofPhone, cards.house) == ["no_account 800"])
        let nobody = try await cards.house.riders.erase(
          ofPhone,
          by: RiderAct(actor: "desk 1", reason: "asked for it", at: cards.clock.now),
          randomBytes: { count in (0..<count).map { UInt8($0 * 7 + 1) } })
        #expect(try await told(nobody, cards.house) == ["erased 800"])
      }
    }

    /// Days from before the first that was closed are never asked for.
    @Test func aDayThatNobodyWillCloseIsNotToldAsToBeCharged() async throws {
      try await House.with { house in
        try await house.journal([try bankTap(1, "08:00")])
        try await house.service.drain()
        let medium = house.medium("visa-anna", .bank)
        let rider = RiderID(high: medium.high, low: medium.low)
        #expect(try await told(rider, house) == ["charges 800"])
        try await house.script("insert into charge_day select max(fare_day) + 1, now() from ride")
        #expect(try await told(rider, house) == ["waiting 800"])
      }
    }

    @Test func aPartIsToldInBothLanguages() {
      let money = Money(minor: 1250, currency: hryvnia)
      for means in RiderPayment.Means.allCases {
        let payment = RiderPayment(means, money)
        let english = payment.sentence(in: .english)
        #expect(english.hasSuffix(": 12.50 UAH"), "\(english)")
        #expect(!english.unicodeScalars.contains { (0x400...0x4FF).contains($0.value) })
        #expect(payment.sentence(in: .ukrainian).hasSuffix(": 12,50 UAH"))
      }
      let back = RiderPayment(.erased, Money(minor: -300, currency: hryvnia))
      #expect(back.sentence(in: .english).hasPrefix("taken back of what was given up"))
    }
  }
}
