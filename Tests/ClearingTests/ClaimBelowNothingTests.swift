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
  /// Claims that take back as much as they ask for, or more: what the city paid too much it gets back.
  @Suite struct ClaimsBelowNothing {
    private let day: Day
    private let today: Day

    init() throws {
      day = try #require(Day("2026-11-22"))
      today = try #require(Day("2026-11-23"))
    }

    /// A rider of a proof, whose three rides the city was asked for and paid 15.00.
    private func paid(
      _ body: @Sendable (House, SubsidyDesk, RiderID) async throws -> Void
    ) async throws {
      try await House.with { house in
        try await house.importNetwork()
        try await house.bank.addAccount(StatementFile.iban, in: hryvnia, by: "olena")
        try await ride(house, [1, 2, 3], "pensioner")
        let rider = try await prove(house, "pensioner")
        let desk = SubsidyDesk(store: house.store, city: house.city, now: { House.noon })
        try await desk.set(
          ConcessionRate(
            category: "pensioner", operatorID: nil, from: day, to: nil, currency: hryvnia,
            rideMinor: 500), by: "olena")
        #expect(try await claim(desk) == ["t pensioner 3 1500"])
        _ = try await desk.decide(1, isApproved: true, by: "taras")
        try await desk.confirm(1, by: "olena")
        #expect(try await city(house) == [:])
        try await body(house, desk, rider)
        try await house.expectSound()
      }
    }

    private func ride(_ house: House, _ seqs: [Int64], _ card: String) async throws {
      try await house.journal(
        try seqs.map { seq in
          var made = try tap(seq, "1\(seq):00", card: card)
          made.route = "r1"
          return made
        })
      try await house.service.drain()
    }

    private func prove(_ house: House, _ card: String) async throws -> RiderID {
      let medium = house.tokenKey.mediumID(kind: .card, token: Array(card.utf8))
      let rider = RiderID(high: medium.high, low: medium.low)
      try await house.store.write { db in
        try await db.rating.add(
          "pensioner", of: rider, from: day, to: nil, proof: nil, at: House.noon)
      }
      try await rateAnew(house, rider)
      return rider
    }

    private func withdraw(_ house: House, _ rider: RiderID) async throws {
      _ = try await house.riders.withdrawProof(
        of: "pensioner", from: day, rider: rider,
        by: RiderAct(actor: "desk 1", reason: "another rider's paper", at: House.noon))
      try await house.service.drain()
    }

    private func rateAnew(_ house: House, _ rider: RiderID) async throws {
      _ = try await house.store.write { db in
        try await db.rating.markStale(
          rider: rider, from: day, to: nil, cause: .entitlement, reason: "", at: House.noon)
      }
      try await house.service.drain()
    }

    private func claim(_ desk: SubsidyDesk) async throws -> [String] {
      try await desk.propose(from: day, to: day, currency: hryvnia, by: "olena").lines.map {
        "\($0.operatorID) \($0.category) \($0.rides) \($0.minor)"
      }
    }

    /// What stands on 1300, 1100 and, of concessions, on 2100: debits above zero.
    private func city(_ house: House) async throws -> [String: String] {
      let rows = try await house.texts(
        """
        select account || ' ' || sum(debit_minor - credit_minor) from posting
        join entry using (entry_id)
        where account in ('1300', '1100') or account = '2100' and kind = 'concession'
        group by account having sum(debit_minor - credit_minor) <> 0
        """)
      // Less what the first claim left there: the city's money, and what the carrier is owed.
      var sums: [String: Int64] = ["1100": -1500, "2100": 1500]
      for row in rows {
        let parts = row.split(separator: " ")
        sums[String(parts[0]), default: 0] += Int64(parts[1]) ?? 0
      }
      return sums.filter { $0.value != 0 }.mapValues(String.init)
    }

    @Test func proofsThatAreWithdrawnAreGivenBackToTheCityByAStatement() async throws {
      try await paid { house, desk, rider in
        try await withdraw(house, rider)
        #expect(try await claim(desk) == ["t pensioner -3 -1500"])
        let orders = try await house.store.read { db in try await db.orders.list(waitingOnly: true)
        }
        #expect(orders.map(\.minor) == [-1500])
        await #expect(throws: MoneyRefusal.samePerson) {
          _ = try await desk.decide(2, isApproved: true, by: "olena")
        }
        _ = try await desk.decide(2, isApproved: true, by: "taras")
        // The carrier gives it back: the city is owed it.
        #expect(try await city(house) == ["1300": "-1500", "2100": "1500"])
        try await house.expectSound()
        // Another amount, and money that comes, is not that of the claim.
        #expect(try await house.take(statement("1", [("E1", -1400), ("E2", 1500)])) == "2 unknown")
        #expect(
          try await house.take(statement("2", opening: 100, [("E3", -1500)])) == "1 claim")
        #expect(try await city(house) == ["1100": "-1400", "2100": "1500"])
        #expect(
          try await house.texts("select claim_id || ' ' || state from subsidy_claim order by 1")
            == ["1 paid", "2 paid"])
        #expect(
          try await house.texts(
            "select note from statement_line where reference <> 'E3' order by 1")
            == ["claim 2 is of -1500 minor units", "claim 2 is of -1500 minor units"])
        await #expect(throws: MoneyRefusal.unfit("claim 2 is paid; only an approved one is paid")) {
          try await desk.confirm(2, by: "olena")
        }
      }
    }

    private func statement(
      _ number: String, opening: Int64 = 0, _ lines: [(String, Int64)]
    ) -> StatementFile {
      StatementFile(
        number, opening: opening, from: today, to: today,
        lines.map { StatementFile.Entry($0.0, $0.1, on: today, "Повернення KVYTOK-C2") })
    }

    @Test func aPersonWritesDownOrFindsOutThatTheCityGotItBack() async throws {
      try await paid { house, desk, rider in
        try await withdraw(house, rider)
        _ = try await claim(desk)
        _ = try await desk.decide(2, isApproved: true, by: "taras")
        // Nobody told the bank its name: a person finds out.
        let file = StatementFile(
          "1", opening: 0, from: today, to: today,
          [StatementFile.Entry("E1", -1500, on: today, "budget of the city")])
        #expect(try await house.take(file) == "1 unknown")
        try await house.bank.match(1, to: .claim, 2, by: "olena")
        #expect(try await city(house) == ["1100": "-1500", "2100": "1500"])
        try await house.expectSound()
      }
      try await paid { house, desk, rider in
        try await withdraw(house, rider)
        _ = try await claim(desk)
        _ = try await desk.decide(2, isApproved: true, by: "taras")
        try await desk.confirm(2, by: "olena")
        #expect(try await city(house) == ["1100": "-1500", "2100": "1500"])
        #expect(
          try await house.texts("select description from entry order by entry_id desc limit 1")
            == ["Concession claim 2 given back, written down by olena"])
        // The statement tells of it later: it is matched, and books nothing more.
        #expect(try await house.take(statement("1", [("E1", -1500)])) == "1 claim")
        #expect(try await city(house) == ["1100": "-1500", "2100": "1500"])
      }
    }

    /// Refused, it waits for the next claim, which nets it with what is new.
    @Test func aRefusedTakeBackIsNettedWithTheNextClaim() async throws {
      try await paid { house, desk, rider in
        try await withdraw(house, rider)
        _ = try await claim(desk)
        _ = try await desk.decide(2, isApproved: false, by: "taras")
        #expect(try await city(house) == [:])
        try await ride(house, [4, 5, 6, 7], "another")
        _ = try await prove(house, "another")
        #expect(try await claim(desk) == ["t pensioner 1 500"])
        _ = try await desk.decide(3, isApproved: true, by: "taras")
        #expect(try await city(house) == ["1300": "500", "2100": "-500"])
      }
    }

    /// Rides that were rated anew and still count come into the claim that takes the old ones back.
    @Test func ridesOfADayBeforeThatWereRatedAnewAreNotGivenBack() async throws {
      try await paid { house, desk, rider in
        // Their validator was on another route, by what is found out later: the same fare.
        for table in ["ride", "ride_sum"] {
          try await house.script(
            House.forging("update \(table) set route = 'r9' where category = 'pensioner'"))
        }
        try await rateAnew(house, rider)
        #expect(
          try await house.texts(
            """
            select count(*) filter (where reversed_run_id is null) || ' ' || count(*) from ride
            """) == ["3 9"])
        var next = try tap(9, "08:00", card: "pensioner", day: 1)
        next.route = "r1"
        try await house.journal([next])
        try await house.service.drain()
        let later = SubsidyDesk(
          store: house.store, city: house.city, now: { House.noon.adding(seconds: 86_400) })
        let (claim, lines) = try await later.propose(
          from: today, to: today, currency: hryvnia, by: "olena")
        #expect(
          lines.map { "\($0.operatorID) \($0.category) \($0.rides) \($0.minor)" }
            == ["t pensioner 1 500"])
        let evidence = try #require(try await later.evidence(claim.id, page: 0))
        #expect(
          evidence.map { "\($0.fareDay) \($0.tap.seq) \($0.route ?? "–") \($0.isTakenBack)" }
            .sorted()
            == [
              "2026-11-22 1 r1 false", "2026-11-22 1 r9 true", "2026-11-22 2 r1 false",
              "2026-11-22 2 r9 true", "2026-11-22 3 r1 false", "2026-11-22 3 r9 true",
              "2026-11-23 9 r1 false",
            ])
        // Its days are told of it in the report of the day before too.
        _ = try await later.decide(2, isApproved: true, by: "taras")
        #expect(try await city(house) == ["1300": "500", "2100": "-500"])
        // And what stands by then is claimed once: nothing of the day before is left to claim.
        await #expect(throws: MoneyRefusal.self) { _ = try await self.claim(desk) }
      }
    }

    /// As many rides of one carrier come as fall of another: each is owed its own, and nobody pays.
    @Test func aClaimOfNothingInAllIsSettledWhenItIsApproved() async throws {
      try await paid { house, desk, rider in
        try await withdraw(house, rider)
        try await ride(house, [4, 5, 6], "another")
        _ = try await prove(house, "another")
        // Of the same carrier and category nothing moves: there is nothing to decide.
        await #expect(
          throws: MoneyRefusal.unfit(
            "there is nothing to claim: what is new and what is taken back are the same for each "
              + "operator and category")
        ) { _ = try await claim(desk) }
        #expect(try await house.number("select count(*) from subsidy_claim") == 1)
        let moved = { (name: String) in
          House.forging("update ride set operator_id = '\(name)' where seq in (4, 5, 6)")
        }
        try await house.script(moved("b"))
        #expect(try await claim(desk) == ["b pensioner 3 1500", "t pensioner -3 -1500"])
        _ = try await desk.decide(2, isApproved: true, by: "taras")
        #expect(try await city(house) == [:])
        #expect(
          try await house.texts(
            """
            select operator_id || ' ' || sum(credit_minor - debit_minor) from posting
            join entry using (entry_id) where account = '2100' and kind = 'concession'
            group by operator_id having sum(credit_minor - debit_minor) <> 0 order by 1
            """) == ["b 1500"])
        #expect(
          try await house.texts("select state from subsidy_claim order by claim_id")
            == ["paid", "paid"])
        let differing = try await house.store.read { db in
          try await db.bookProofs.accountsThatDiffer()
        }
        #expect(differing.filter { $0.contains("1300") } == [])
        try await house.script(moved("t"))
      }
    }
  }
}
