import Basics
import Clearing
import Store
import Tapping
import Testing

extension ClearingSuite {
  /// A ticket of 10.00 for an hour; trams take a fee of 2.00, which a pass for trams pays.
  @Suite struct SharingOnTicketsTests {
    private static let tariff = """
      tariff: test
      version: test-1
      effective: {from: 2026-01-01}
      currency: UAH
      timezone: Europe/Kyiv
      day_start: "04:00"
      apportionment: nominal
      categories: {adult: {title: {uk: дорослий, en: adult}}}
      tickets: [{name: hour, within: 60 min, price: 10.00}]
      surcharges: [{name: fee, when: {mode: tram}, amount: 2.00, caps: inside}]
      products: [{name: trams, when: {mode: tram}, valid: {days: 30}, price: {adult: 300.00}}]
      """

    /// Anna's rides of the afternoon on which she has bought the pass, or of a later day, by route and time;
    /// `people` on each, one where it does not say.
    private static func with(
      _ rides: [(route: String, time: String)], day: Int = 1, people: [Int] = [],
      rules: String = "",
      _ body: @Sendable (House) async throws -> Void
    ) async throws {
      try await House.with(tariff: tariff + rules) { house in
        try await house.importFeed(SharingRuleTests.files, named: "two operators", stopsCount: 2)
        let anna = try await house.register("anna")
        _ = try await house.products.sell(
          "trams", to: anna, from: nil, for: house.cash(nil, key: "s1"), by: desk)
        var taps: [Tap] = []
        for (place, ride) in rides.enumerated() {
          var tap = try tap(Int64(place + 1), ride.time, day: day)
          tap.route = ride.route
          if place < people.count { tap.riders = people[place] }
          taps.append(tap)
        }
        try await house.journal(taps)
        try await house.service.drain()
        try await body(house)
      }
    }

    private static func rides(_ house: House) async throws -> [String] {
      try await house.texts(
        """
        select concat_ws(' ', operator_id, nominal_minor, charged_minor, product) from ride
        where reversed_run_id is null order by started_at
        """)
    }

    private static func moved(_ house: House, _ kind: String) async throws -> [String] {
      try await house.texts(
        """
        select operator_id || ' ' || sum(credit_minor - debit_minor) from posting
        join entry using (entry_id) where kind = '\(kind)' and account = '2100'
        group by operator_id having sum(credit_minor - debit_minor) <> 0 order by 1
        """)
    }

    @Test func aPassThatPaysAFeeLeavesTheRideItsPartInTheTicket() async throws {
      try await Self.with([("2", "13:00"), ("1", "13:10")]) { house in
        #expect(try await Self.rides(house) == ["bus 1000 1000 hour", "tram 1000 0 trams"])
        let later = House.noon.adding(seconds: 2 * 86_400)
        let sharing = OperatorSharing(store: house.store, city: house.city, now: { later })
        while try await sharing.pass() > 0 {}
        #expect(try await Self.moved(house, "apportionment") == ["bus -500", "tram 500"])
        #expect(try await house.audit().isSound)
      }
    }

    /// Of 12.00 that the buses charge the second tram has no part, for its ticket was paid as the first tram's.
    @Test func aRideOnATicketThatAPassPaidHasNoPartInTheMoneyOfOthers() async throws {
      let rides = [("1", "13:00"), ("1", "13:10"), ("2", "15:00"), ("2", "17:00")]
      let cap = "\ncaps: [{name: day, per: day, amount: 12.00}]"
      try await Self.with(rides, rules: cap) { house in
        #expect(
          try await Self.rides(house) == [
            "tram 1000 0 trams", "tram 1000 0 trams", "bus 1000 1000 hour", "bus 1000 200 hour",
          ])
        let later = House.noon.adding(seconds: 2 * 86_400)
        let sharing = OperatorSharing(store: house.store, city: house.city, now: { later })
        while try await sharing.pass() > 0 {}
        #expect(try await Self.moved(house, "apportionment") == [])
        #expect(try await house.audit().isSound)
      }
    }

    /// The first tram of a day is on a ticket of the day before, which the pass paid, and costs nothing itself.
    @Test func aRideOnATicketOfTheDayBeforeThatAPassPaidHasNoPartEither() async throws {
      let rides = [("1", "03:50"), ("1", "04:10"), ("2", "15:00"), ("2", "17:00")]
      let cap = "\ncaps: [{name: day, per: day, amount: 12.00}]"
      try await Self.with(rides, day: 2, rules: cap) { house in
        #expect(
          try await Self.rides(house) == [
            "tram 1000 0 trams", "tram 0 0 trams", "bus 1000 1000 hour", "bus 1000 200 hour",
          ])
        let later = House.noon.adding(seconds: 3 * 86_400)
        let sharing = OperatorSharing(store: house.store, city: house.city, now: { later })
        while try await sharing.pass() > 0 {}
        #expect(try await Self.moved(house, "apportionment") == [])
        #expect(try await house.audit().isSound)
      }
    }

    /// The first tram is a later ride of the bus's ticket, the second has one of its own, which the pass pays:
    /// of 10.00 that the pass earns on the day they get 2 parts and 10.
    @Test func aPassThatPaysAFeeIsEarnedByTheFee() async throws {
      try await Self.with([("2", "13:00"), ("1", "13:10"), ("1", "15:00")]) { house in
        #expect(
          try await Self.rides(house) == [
            "bus 1000 1000 hour", "tram 1000 0 trams", "tram 1000 0 trams",
          ])
        try await house.script(
          House.forging("update ride set operator_id = 'night tram' where seq = 3"))
        let day = House.noon.adding(seconds: 86_400)
        _ = try await house.recognition.recognise(
          through: house.city.current.fareDay(of: House.noon), at: day)
        #expect(try await Self.moved(house, "recognition") == ["night tram 833", "tram 167"])
      }
    }

    /// Two friends pay their own 10.00 each: of 10.00 that the pass earns on the day each tram gets a half.
    @Test func aPassEarnsNothingByCompanionsWhoPayThemselves() async throws {
      try await Self.with([("1", "13:00"), ("1", "15:00")], people: [3]) { house in
        #expect(try await Self.rides(house) == ["tram 3000 2000 trams", "tram 1000 0 trams"])
        try await house.script(
          House.forging("update ride set operator_id = 'night tram' where seq = 2"))
        let day = House.noon.adding(seconds: 86_400)
        _ = try await house.recognition.recognise(
          through: house.city.current.fareDay(of: House.noon), at: day)
        #expect(try await Self.moved(house, "recognition") == ["night tram 500", "tram 500"])
      }
    }

    /// The bus's ticket goes on into the fare day of the trams, so that nothing is due for the first of them:
    /// the pass earns 20.00 on two days, and they get 2 parts and 10.
    @Test func aPassThatPaysAFeeOnATicketOfTheDayBeforeIsEarnedByTheFee() async throws {
      try await Self.with([("2", "03:50"), ("1", "04:10"), ("1", "06:00")], day: 2) { house in
        #expect(
          try await Self.rides(house) == [
            "bus 1000 1000 hour", "tram 0 0 trams", "tram 1000 0 trams",
          ])
        try await house.script(
          House.forging("update ride set operator_id = 'night tram' where seq = 3"))
        let day = House.noon.adding(seconds: 2 * 86_400)
        let last = house.city.current.fareDay(of: House.noon).adding(days: 1)
        _ = try await house.recognition.recognise(through: last, at: day)
        #expect(try await Self.moved(house, "recognition") == ["night tram 1667", "tram 333"])
      }
    }
  }
}
