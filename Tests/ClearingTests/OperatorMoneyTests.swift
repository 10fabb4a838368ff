import Basics
import Charging
import Clearing
import Ledger
import Postgres
import Store
import Testing

extension ClearingSuite {
  @Suite struct OperatorMoney {
    private let uah: Currency
    private let today: Day

    init() throws {
      uah = try #require(Currency("UAH"))
      today = try #require(Day("2026-11-23"))
    }

    /// A run of rides of one rider on 22 November: operator (empty where it is not known), nominal, charged,
    /// category, reason.
    private func addRun(
      _ house: House, reversing: Bool = false,
      _ rides: [(String, Int, Int, String, String)]
    ) async throws {
      try await house.script(
        """
        insert into clearing_run (lane, accounting_date, started_at, rider_days, taps, rides_added,
          rides_reversed) values (0, '2026-11-23', now(), 1, 1, 1, 0);
        \(reversing ? Self.reversal : "")
        """)
      for (index, ride) in rides.enumerated() {
        try await house.script(
          """
          insert into ride (fare_day, lane, rider_id, run_id, started_at, device_id, epoch, seq,
            riders, category, product, medium, operator_id, currency, nominal_minor, charged_minor,
            tariff_version, reason)
          select '2026-11-22', 0, '00000000-0000-0000-0000-000000000001', max(run_id),
            '2026-11-22 08:0\(index):00Z', 'V-1', 1, \(index + 1), 1, '\(ride.3)', 'ride', 'bank',
            nullif('\(ride.0)', ''), 'UAH', \(ride.1), \(ride.2), 'test-1',
            '{"currency":"UAH","steps":[{"code":"price","rule":"x","minor":\(ride.2)},{"code":"\(ride.4)",'
              || '"rule":"x","minor":\(ride.1 - ride.2),"number":1}]}' from clearing_run;
          """)
      }
    }

    private static let reversal = """
      update ride set reversed_run_id = (select max(run_id) from clearing_run)
      where reversed_run_id is null;
      """

    @Test func aLinkedRideIsSharedAndSharedAnewWhenItIsRatedAnew() async throws {
      let tariff = testTariff.replacing(
        "currency: UAH", with: "currency: UAH\napportionment: nominal")
      try await House.with(tariff: tariff) { house in
        let sharing = OperatorSharing(
          store: house.store, city: house.city, now: { House.noon })
        // Tram 10.00, then a bus of 6.00 by free transfer: 10.00 by 10 to 6 is 6.25 and 3.75.
        try await addRun(
          house,
          [("tram", 1000, 1000, "adult", "price"), ("bus", 600, 0, "adult", "transfer_free")])
        #expect(try await sharing.pass() == 1)
        #expect(try await sharing.pass() == 0)
        #expect(try await house.apportioned() == ["bus 375", "tram -375"])
        // Rated anew at 8.00 with a bus of 8.00: half each, so 4.00 in all move to the bus.
        try await addRun(
          house, reversing: true,
          [("tram", 800, 800, "adult", "price"), ("bus", 800, 0, "adult", "transfer_free")])
        #expect(try await sharing.pass() == 1)
        #expect(try await house.apportioned() == ["bus 400", "tram -400"])
        // Without the transfer each keeps its own.
        try await addRun(
          house, reversing: true,
          [("tram", 800, 800, "adult", "price"), ("bus", 800, 800, "adult", "price")])
        #expect(try await sharing.pass() == 1)
        #expect(try await house.apportioned() == [])
      }
    }

    /// A tram for 10.00; a second tap at it, or on and off at one stop of the metro; a bus of 6.00 by free
    /// transfer, or on the tram's ticket.
    @Test func whatIsNoRideAndARideOfNobodyAreNotSharedWith() async throws {
      let tariff = testTariff.replacing(
        "currency: UAH", with: "currency: UAH\napportionment: nominal")
      try await House.with(tariff: tariff) { house in
        let sharing = OperatorSharing(store: house.store, city: house.city, now: { House.noon })
        for (name, none, link) in [
          ("tram", "pass_back", "transfer_free"), ("metro", "cancelled", "transfer_free"),
          ("tram", "pass_back", "on_ticket"),
        ] {
          try await addRun(
            house, reversing: true,
            [
              ("tram", 1000, 1000, "adult", "price"), (name, 0, 0, "adult", none),
              ("bus", 600, 0, "adult", link),
            ])
          #expect(try await sharing.pass() == 1)
          #expect(try await house.apportioned() == ["bus 375", "tram -375"], "\(none), \(link)")
        }
        // The bus is linked to a ride of which nobody knows who carried it: the tram keeps its 10.00.
        try await addRun(
          house, reversing: true,
          [
            ("tram", 1000, 1000, "adult", "price"), ("", 1000, 1000, "adult", "price"),
            ("bus", 600, 0, "adult", "transfer_free"),
          ])
        #expect(try await sharing.pass() == 1)
        #expect(try await house.apportioned() == [])
      }
    }

    /// The metro has the money of its pass by recognition: of what the cap left it gets nothing more.
    @Test(arguments: ["pass", "trip", "trip_transfer"])
    func aRideOnAProductHasNoPartInTheMoneyOfOthers(_ code: String) async throws {
      let tariff = testTariff.replacing(
        "currency: UAH", with: "currency: UAH\napportionment: nominal")
      try await House.with(tariff: tariff) { house in
        let sharing = OperatorSharing(store: house.store, city: house.city, now: { House.noon })
        try await addRun(
          house,
          [
            ("metro", 800, 0, "adult", code), ("bus", 800, 800, "adult", "price"),
            ("tram", 800, 400, "adult", "cap"),
          ])
        #expect(try await sharing.pass() == 1)
        #expect(try await house.apportioned() == ["bus -200", "tram 200"])
      }
    }

    @Test func anOperatorIsPaidByTwoPeopleAndTheBank() async throws {
      try await House.with { house in
        let desk = PayoutDesk(store: house.store, city: house.city, now: { House.noon })
        try await house.store.write { db in
          try await db.books.add(
            [
              try Entry(
                kind: .fares, accountingDate: today, currency: uah, memo: "fares",
                postings: [
                  Posting(.debit, account: "1200", minor: 15_000),
                  Posting(.credit, account: "2100", operatorID: "bus", minor: 5_000),
                  Posting(.credit, account: "2100", operatorID: "tram", minor: 10_000),
                ])
            ], at: House.noon)
        }
        let account = BankAccount(
          name: "КП \"Трамвай\"", iban: "UA903052992990004149123456789", bic: nil)
        try await desk.setAccount(account, of: "tram", by: "olena")
        for day in [today, today.adding(days: 1)] {
          await #expect(
            throws: MoneyRefusal.unfit("\(day) is not over yet: propose up to a day before it")
          ) { _ = try await desk.propose(through: day, by: "olena") }
        }
        let (orders, leftOut) = try await house.payoutsAfter.propose(through: today, by: "olena")
        #expect(orders.map(\.minor) == [10_000])
        #expect(leftOut == ["bus: its bank account is not known"])
        let order = try #require(orders.first)
        await #expect(throws: MoneyRefusal.samePerson) {
          _ = try await desk.decide(order.id, isApproved: true, by: "olena")
        }
        _ = try await desk.decide(order.id, isApproved: true, by: "taras")
        let payer = BankAccount(name: "Kvytok", iban: "DE89370400440532013000", bic: nil)
        let file = try #require(
          try await desk.makeFile(
            currency: uah, from: payer, executionDay: today, by: "taras"))
        #expect(file.xml.contains("<InstdAmt Ccy=\"UAH\">100.00</InstdAmt>"))
        #expect(
          try await desk.makeFile(
            currency: uah, from: payer, executionDay: today, by: "taras") == nil)
        #expect(
          try await house.owed() == ["2100 bus 5000", "2150 tram 10000"])
        #expect(try await desk.confirm(file.messageID, isPaid: true, by: "olena") == 1)
        #expect(try await house.owed() == ["1100  10000", "2100 bus 5000"])
        #expect(
          try await house.texts("select description from entry order by entry_id desc limit 1")
            == ["Payment file \(file.messageID) paid, written down by olena"])
        await #expect(throws: MoneyRefusal.self) {
          _ = try await desk.confirm(file.messageID, isPaid: true, by: "olena")
        }
        #expect(try await house.payoutsAfter.propose(through: today, by: "olena").orders == [])
      }
    }

    @Test func aMistypedAccountIsRefused() async throws {
      try await House.with { house in
        let desk = PayoutDesk(store: house.store, city: house.city, now: { House.noon })
        await #expect(throws: MoneyRefusal.self) {
          try await desk.setAccount(
            BankAccount(name: "x", iban: "UA903052992990004149123456780", bic: nil), of: "tram",
            by: "olena")
        }
      }
    }

    @Test func aRateOfACategoryThatNoTariffHasIsRefused() async throws {
      try await House.with { house in
        let desk = SubsidyDesk(store: house.store, city: house.city, now: { House.noon })
        let rate = ConcessionRate(
          category: "pensoner", operatorID: nil, from: today, to: nil, currency: uah, rideMinor: 500
        )
        await #expect(
          throws: MoneyRefusal.unfit(
            "no tariff has the category pensoner; known: adult, pensioner")
        ) {
          try await desk.set(rate, by: "olena")
        }
        let kept = try await house.texts("select category from concession_rate")
        #expect(kept.isEmpty)
      }
    }

    /// A rate in a second currency stands beside the first, and a claim asks for rides in its own.
    @Test func aCategoryHasARateInEachCurrency() async throws {
      try await House.with { house in
        let desk = SubsidyDesk(store: house.store, city: house.city, now: { House.noon })
        let (day, euro) = (today.adding(days: -1), try #require(Currency("EUR")))
        func set(_ currency: Currency, _ minor: Int64, of name: String? = nil) async throws {
          try await desk.set(
            ConcessionRate(
              category: "pensioner", operatorID: name, from: day, to: nil, currency: currency,
              rideMinor: minor), by: "olena")
        }
        try await set(uah, 500)
        try await set(euro, 20)
        try await set(euro, 30, of: "tram")
        // The same day, category and currency: the rate is mended.
        try await set(euro, 25)
        let rates = try await house.store.read { db in try await db.subsidies.rates() }
        #expect(
          rates.map { "\($0.operatorID ?? "all") \($0.currency) \($0.rideMinor)" } == [
            "all EUR 25", "all UAH 500", "tram EUR 30",
          ])
        try await addRun(
          house,
          [
            ("tram", 800, 0, "pensioner", "free_category"),
            ("bus", 800, 0, "pensioner", "free_category"),
          ])
        try await house.script(
          House.forging("update ride set currency = 'EUR' where seq = 2"))
        for (currency, expected) in [(uah, "tram 1 500"), (euro, "bus 1 25")] {
          let (_, lines) = try await desk.propose(
            from: day, to: day, currency: currency, by: "olena")
          #expect(lines.map { "\($0.operatorID) \($0.rides) \($0.minor)" } == [expected])
        }
      }
    }

    @Test func theCityIsClaimedEachConcessionOnceAndTakenBackWhenItFalls() async throws {
      let tariff = testTariff.replacing(
        "fares:", with: "  pupil: {title: {uk: учень, en: pupil}, free: true, as: adult}\nfares:",
        maxReplacements: 1)
      try await House.with(tariff: tariff) { house in
        let desk = SubsidyDesk(store: house.store, city: house.city, now: { House.noon })
        let day = today.adding(days: -1)
        for (category, name, minor) in [
          ("pensioner", nil, 500), ("pensioner", "tram", 600), ("pupil", nil, 200),
        ] as [(String, String?, Int64)] {
          try await desk.set(
            ConcessionRate(
              category: category, operatorID: name, from: day, to: nil, currency: uah,
              rideMinor: minor), by: "olena")
        }
        try await addRun(
          house,
          [
            ("tram", 800, 0, "pensioner", "free_category"),
            ("bus", 800, 0, "pensioner", "free_category"),
            ("bus", 800, 400, "pupil", "reduced_category"),
            ("bus", 800, 800, "adult", "price"),
          ])
        let (claim, lines) = try await desk.propose(
          from: day, to: day, currency: uah, by: "olena")
        // Tram at its own rate of 6.00, the bus at 5.00; half a pupil's fare is made up by 2.00.
        #expect(
          lines.map { "\($0.operatorID) \($0.category) \($0.rides) \($0.minor)" } == [
            "bus pensioner 1 500", "bus pupil 1 200", "tram pensioner 1 600",
          ])
        let order = try #require(claim.orderID)
        await #expect(throws: MoneyRefusal.samePerson) {
          _ = try await desk.decide(order, isApproved: true, by: "olena")
        }
        _ = try await desk.decide(order, isApproved: true, by: "taras")
        let evidence = try #require(try await desk.evidence(claim.id, page: 0))
        #expect(evidence.map(\.tap.seq) == [1, 2, 3])
        // Nothing is left to claim, until the tram's ride falls and a pupil rides the tram.
        await #expect(throws: MoneyRefusal.self) {
          _ = try await desk.propose(from: day, to: day, currency: uah, by: "olena")
        }
        try await house.script(
          "update ride set reversed_run_id = 99 where operator_id = 'tram'")
        try await addRun(
          house, (1...4).map { _ in ("tram", 800, 400, "pupil", "reduced_category") })
        let (_, next) = try await desk.propose(from: day, to: day, currency: uah, by: "olena")
        #expect(
          next.map { "\($0.operatorID) \($0.category) \($0.rides) \($0.minor)" } == [
            "tram pensioner -1 -600", "tram pupil 4 800",
          ])
        try await desk.confirm(claim.id, by: "olena")
        #expect(
          try await house.owed() == ["1100  -1300", "2100 bus 700", "2100 tram 600"])
      }
    }

    /// A ride of a claim that is refused in the end would be taken back by the next one, and the city
    /// would be given back what it was never asked for.
    @Test func aClaimIsDecidedBeforeTheNextIsMade() async throws {
      try await House.with { house in
        let desk = SubsidyDesk(store: house.store, city: house.city, now: { House.noon })
        let day = today.adding(days: -1)
        try await desk.set(
          ConcessionRate(
            category: "pensioner", operatorID: nil, from: day, to: nil, currency: uah,
            rideMinor: 500), by: "olena")
        try await addRun(house, [("tram", 800, 0, "pensioner", "free_category")])
        let (first, _) = try await desk.propose(from: day, to: day, currency: uah, by: "olena")
        // The ride is another operator's after all, and a second one was late.
        try await addRun(
          house, reversing: true,
          [
            ("bus", 800, 0, "pensioner", "free_category"),
            ("bus", 800, 0, "pensioner", "free_category"),
          ])
        let refusal = MoneyRefusal.unfit(
          "claim \(first.id) waits for a decision: have it decided first")
        await #expect(throws: refusal) {
          _ = try await desk.propose(from: day, to: day, currency: uah, by: "olena")
        }
        let order = try #require(first.orderID)
        _ = try await desk.decide(order, isApproved: false, by: "taras")
        let (_, lines) = try await desk.propose(from: day, to: day, currency: uah, by: "olena")
        #expect(
          lines.map { "\($0.operatorID) \($0.category) \($0.rides) \($0.minor)" } == [
            "bus pensioner 2 1000"
          ])
      }
    }
  }
}

extension String {
  fileprivate func replacing(_ part: String, with other: String) -> String {
    guard let range = firstRange(of: part) else { return self }
    return self[..<range.lowerBound] + other + self[range.upperBound...]
  }
}
