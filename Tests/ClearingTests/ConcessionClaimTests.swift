import Basics
import Charging
import Clearing
import Ledger
import Postgres
import Store
import Tapping
import Tariff
import Testing
import Transit

extension ClearingSuite {
  /// From taps to the claim: the city is asked for what people rode free or at a lower price because of
  /// their category, and for nothing else.
  @Suite struct ConcessionClaims {
    private static let tariff = """
      tariff: test
      version: test-1
      effective: {from: 2026-01-01}
      currency: UAH
      timezone: Europe/Kyiv
      day_start: "04:00"
      categories:
        adult: {}
        pensioner: {free: true, as: adult}
        student: {pays: 50%, as: adult}
        tourist: {as: adult}
      fares: [{name: ride, price: 8.00}]
      transfers: [{name: transfer, within: 30 min, end: inside, pays: free}]
      caps: [{name: day cap, per: day, amount: 16.00}]
      companions: {as: adult}
      """

    private static func ride(
      _ seq: Int64, _ time: String, _ card: String, riders: Int = 1
    ) throws -> Tap {
      var made = try tap(seq, time, card: card)
      made.route = "r1"
      made.riders = riders
      return made
    }

    /// A day of the categories whose cards bear their names; the adult has no proof of any.
    private static func fill(_ house: House) async throws {
      try await house.importNetwork()
      try await house.journal([
        // Free, and free again with an adult who pays 8.00.
        try ride(1, "08:00", "pensioner"), try ride(2, "12:00", "pensioner", riders: 2),
        // Half, a free transfer, half, half, half, then the cap of 16.00 leaves nothing to pay.
        try ride(3, "08:00", "student"), try ride(4, "08:20", "student"),
        try ride(5, "10:00", "student"), try ride(6, "12:00", "student"),
        try ride(7, "14:00", "student"), try ride(8, "16:00", "student"),
        // The full price, though the city has a rate for the category.
        try ride(9, "08:00", "tourist"),
        // The full price, a free transfer, the rest up to the cap, nothing.
        try ride(10, "08:00", "adult"), try ride(11, "08:20", "adult"),
        try ride(12, "12:00", "adult"), try ride(13, "14:00", "adult"),
      ])
      try await house.service.drain()
      let day = try #require(Day("2026-11-22"))
      for category in ["pensioner", "student", "tourist"] {
        let medium = house.tokenKey.mediumID(kind: .card, token: Array(category.utf8))
        let rider = RiderID(high: medium.high, low: medium.low)
        try await house.store.write { db in
          try await db.rating.add(
            category, of: rider, from: day, to: nil, proof: nil, at: House.noon)
          try await db.rating.markStale(
            rider: rider, from: day, to: nil, cause: .entitlement, reason: "", at: House.noon)
        }
      }
      try await house.service.drain()
    }

    @Test func theCityIsAskedForFreeAndReducedRidesAlone() async throws {
      try await House.with(tariff: Self.tariff) { house in
        try await Self.fill(house)
        let uah = try #require(Currency("UAH"))
        let day = try #require(Day("2026-11-22"))
        let desk = SubsidyDesk(store: house.store, city: house.city, now: { House.noon })
        for category in ["adult", "pensioner", "student", "tourist"] {
          try await desk.set(
            ConcessionRate(
              category: category, operatorID: nil, from: day, to: nil, currency: uah,
              rideMinor: 500), by: "olena")
        }
        let (claim, lines) = try await desk.propose(from: day, to: day, currency: uah, by: "olena")
        // Two rides of one pensioner, whose companion paid; four half fares of the student.
        #expect(
          lines.map { "\($0.operatorID) \($0.category) \($0.rides) \($0.minor)" } == [
            "t pensioner 2 1000", "t student 4 2000",
          ])
        let evidence = try #require(try await desk.evidence(claim.id, page: 0))
        #expect(evidence.map(\.tap.seq).sorted() == [1, 2, 3, 5, 6, 7])
        #expect(evidence.allSatisfy { $0.riders == 1 })
      }
    }

    @Test func theKeptSumsTellTheSameAndAreProven() async throws {
      try await House.with(tariff: Self.tariff) { house in
        try await Self.fill(house)
        let sums = """
          select concat_ws(' ', category, sum(rides), sum(concession_rides), sum(free_people),
            sum(reduced_people), sum(concession_minor))
          from ride_sum group by category order by category
          """
        #expect(
          try await house.texts(sums) == [
            "adult 4 0 0 0 0", "pensioner 2 2 2 0 1600", "student 6 4 0 4 1600",
            "tourist 1 0 0 0 0",
          ])
        #expect(try await house.audit().isSound)
        for column in ["concession_rides", "free_people", "reduced_people", "concession_minor"] {
          try await house.script(
            House.forging(
              "update ride_sum set \(column) = \(column) + 1 where category = 'student'"))
          #expect(try await !house.audit().isSound, "not found: \(column)")
          try await house.script(
            House.forging(
              "update ride_sum set \(column) = \(column) - 1 where category = 'student'"))
        }
      }
    }

    /// The program, the database and the reason itself tell the same of every ride.
    @Test func aReasonIsReadAlikeEverywhere() async throws {
      let uah = try #require(Currency("UAH"))
      func json(_ steps: FareStep...) -> String { FareReason(currency: uah, steps: steps).json }
      let free = FareStep(.freeCategory, rule: "pensioner \"II\" {х}", minor: 800)
      let reduced = FareStep(.reducedCategory, rule: #"a\b","minor":7,"#, minor: 1200, number: 3)
      let price = FareStep(.price, rule: "free_category", minor: 55, number: 9)
      let rows: [(json: String, free: Int64, reduced: Int64, minor: Int64)] = [
        (json(price), 0, 0, 0), (json(free), 1, 0, 800), (json(price, free, price), 1, 0, 800),
        (json(reduced), 0, 3, 1200), (json(price, reduced, price), 0, 3, 1200),
        (json(free, reduced), 1, 3, 2000), (json(), 0, 0, 0), ("{}", 0, 0, 0),
        ("\"code\":\"reduced_category\", changed by hand", 0, 0, 0),
      ]
      try await House.with(tariff: nil) { house in
        for row in rows {
          let read = RideConcession(reasonJSON: row.json)
          #expect(read.freePeople == row.free && read.reducedPeople == row.reduced, "\(row.json)")
          #expect(read.minor == row.minor, "\(row.json)")
          let asked = try await house.pool.session { db in
            try await db.query(
              """
              select concession_free_people($1) as free, concession_reduced_people($1) as reduced,
                concession_minor($1) as minor
              """, [.text(row.json)]
            ).only()
          }
          #expect(try asked.int8("free") == row.free, "\(row.json)")
          #expect(try asked.int8("reduced") == row.reduced, "\(row.json)")
          #expect(try asked.int8("minor") == row.minor, "\(row.json)")
        }
      }
    }
  }
}
