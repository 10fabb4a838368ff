import Basics
import Clearing
import Store
import Tapping
import Tariff
import Testing
import Transit

/// The test's tariff at another price and cap, under another name, from another day.
func draft(_ version: String, from: String, ride: String = "10.00", cap: String = "25.00") -> String
{
  testTariff
    .replacing("version: test-1", with: "version: \(version)")
    .replacing("from: 2026-01-01", with: "from: \(from)")
    .replacing("adult: 8.00", with: "adult: \(ride)")
    .replacing("adult: 24.00", with: "adult: \(cap)")
}

extension String {
  fileprivate func replacing(_ old: String, with new: String) -> String {
    guard let range = firstRange(of: old) else { return self }
    return String(self[..<range.lowerBound]) + new + String(self[range.upperBound...])
  }
}

extension House {
  /// Makes two stops in two zones and a bus between them the network of the city.
  func importNetwork() async throws {
    let files = [
      "agency.txt": """
      agency_id,agency_name,agency_url,agency_timezone
      t,Tram,https://t.example,Europe/Kyiv
      """,
      "stops.txt": """
      stop_id,stop_name,stop_lat,stop_lon,zone_id
      a,Rynok,49.23,28.46,1
      b,Vokzal,49.24,28.47,2
      """,
      "routes.txt": "route_id,agency_id,route_short_name,route_long_name,route_type\nr1,t,1,,3\n",
      "trips.txt": "route_id,service_id,trip_id\nr1,all,t1\n",
      "calendar.txt": """
      service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date
      all,1,1,1,1,1,1,1,20260101,20261231
      """,
      "stop_times.txt": """
      trip_id,arrival_time,departure_time,stop_id,stop_sequence
      t1,08:00:00,08:00:00,a,1
      t1,08:05:00,08:05:00,b,2
      """,
    ]
    try await importFeed(files, named: "two stops", stopsCount: 2)
  }

  /// Makes a feed the network of the city.
  func importFeed(
    _ files: [String: String], named name: String, stopsCount: Int
  ) async throws {
    let archive = ZipArchive.make(
      files: files.sorted { $0.key < $1.key }.map { (name: $0.key, bytes: Array($0.value.utf8)) })
    try await store.write { db in
      _ = try await db.feeds.save(
        name: name, digest: Array(name.utf8), archive: archive, at: House.noon)
    }
    try await city.reload(from: store)
    try #require(city.current.network.stops.count == stopsCount)
  }
}

extension ClearingSuite {
  @Suite struct PublishingTests {
    @Test func theFirstTariffOfACityMayBeginInThePast() async throws {
      try await House.with(tariff: nil) { house in
        guard case .published = try await house.offer(testTariff, isReratingOrdered: false) else {
          Issue.record("the first tariff was refused")
          return
        }
      }
    }

    /// Before it no day was rated, so there is nothing to mark, however many wait.
    @Test func theFirstTariffOfACityWritesNoRiderDay() async throws {
      try await House.with(tariff: nil) { house in
        try await house.script(
          """
          insert into fare_day (lane, rider_id, fare_day, stale_since, stale_cause)
          select n % 64, gen_random_uuid(), '2026-11-20', now(), 'tap' from generate_series(1, 99) n
          """)
        guard
          case .published(_, _, let staleDays) = try await house.offer(
            testTariff, isReratingOrdered: false)
        else {
          Issue.record("the first tariff was refused")
          return
        }
        #expect(staleDays == 0)
        #expect(
          try await house.number("select count(*) from fare_day where stale_cause = 'tap'") == 99)
      }
    }

    @Test func aTariffToComeMarksWhatOfItsDaysWasRated() async throws {
      try await House.with { house in
        try await house.journal([try tap(1, "08:00"), try tap(2, "08:00", card: "bohdan", day: 2)])
        try await house.service.drain()
        guard
          case .published(_, _, let staleDays) = try await house.offer(
            draft("test-2", from: "2026-11-24"), isReratingOrdered: false)
        else {
          Issue.record("a tariff to come was refused")
          return
        }
        #expect(staleDays == 1)
        try await house.service.drain()
        #expect(
          try await house.texts(
            """
            select fare_day || ' ' || charged_minor from ride where reversed_run_id is null order by 1
            """) == ["2026-11-22 800", "2026-11-24 1000"])
        #expect(try await house.audit().isSound)
      }
    }

    /// Or the whole city would be without its tariff after a new version of the program.
    @Test func whatIsRefusedTodayIsReadOnWhereItWasPublished() async throws {
      try await House.with(tariff: nil) { house in
        let text = testTariff + "\ntickets: [{name: hour, within: 1 h, price: 8.00}]\n"
        guard case .faulty(let faults) = try await house.offer(text, isReratingOrdered: false)
        else {
          Issue.record("fares beside tickets were published")
          return
        }
        #expect(faults.count == 1 && "\(faults)".contains("not both"), "\(faults)")
        let source = TariffSource(
          folder: "test", files: [TariffFile(path: TariffSource.mainPath, text: text)])
        try await house.store.write { db in
          let saved = try await db.tariffs.save(
            TariffRecord(
              version: "test-1", effectiveFrom: try #require(Day("2026-01-01")),
              source: TariffPublication.text(of: source), publishedAt: House.noon))
          #expect(saved == .saved)
        }
        try await house.city.reload(from: house.store)
        #expect(house.city.current.book?.versions.map(\.version) == ["test-1"])
      }
    }

    /// However many days were ever rated: they are not gone through.
    @Test func theDaysOfATariffToComeAreFoundByTheirTaps() async throws {
      try await House.with { house in
        let plan = try await house.store.write { db in
          try await db.preferIndexes()
          return try await db.rating.planOfComing(from: Day(number: 20_781))
        }
        let text = plan.joined(separator: "\n")
        #expect(text.contains("fare_day_pkey"), "\(text)")
        #expect(!text.contains("Seq Scan on fare_day"), "\(text)")
      }
    }

    @Test(arguments: ["2026-11-01", "2026-11-23"])
    func aDayThatHasBegunChangesOnlyByOrder(_ firstDay: String) async throws {
      try await House.with { house in
        try await house.journal([try tap(1, "08:00")])
        try await house.service.drain()
        let text = draft("test-2", from: firstDay)
        guard case .past(let why) = try await house.offer(text, isReratingOrdered: false) else {
          Issue.record("a change to the past went through without an order")
          return
        }
        #expect(why.english.contains(firstDay))
        #expect(try await house.number("select count(*) from tariff_version") == 1)
        #expect(
          try await house.number("select count(*) from fare_day where stale_since is not null")
            == 0)
        guard case .published = try await house.offer(text, isReratingOrdered: true) else {
          Issue.record("the order was not obeyed")
          return
        }
      }
    }

    @Test func aVersionToComeIsInForceFromItsFirstFareDayAndNotBefore() async throws {
      try await House.with { house in
        try await house.publish(draft("test-2", from: "2026-11-24"), isReratingOrdered: false)
        let city = house.city.current
        // Fare days begin at four o'clock in Kyiv.
        let before = try #require(Instant(iso8601: "2026-11-24T03:59:59+02:00"))
        #expect(city.tariffVersion(at: House.noon) == "test-1")
        #expect(city.tariffVersion(at: before) == "test-1")
        #expect(city.tariffVersion(at: before.adding(seconds: 1)) == "test-2")
        let earlier = try #require(Instant(iso8601: "2025-12-31T12:00:00+02:00"))
        #expect(city.tariffVersion(at: earlier) == nil)
      }
    }

    @Test func aZoneThatNoStopOfTheCityHasRefusesTheTariffWithItsLine() async throws {
      try await House.with { house in
        try await house.importNetwork()
        let text = draft("test-2", from: "2026-12-01") + "\nzones: [1, 2, 9]\n"
        guard case .faulty(let faults) = try await house.offer(text, isReratingOrdered: false)
        else {
          Issue.record("a zone without a stop went through")
          return
        }
        #expect(
          faults.map(\.description) == [
            "tariff.yaml:19: error: no stop of the network is in zone \"9\"; its zones: 1, 2"
          ])
        #expect(try await house.number("select count(*) from tariff_version") == 1)
      }
    }

    @Test func stopsAndRoutesThatTheCityLacksAreToldAndPublished() async throws {
      try await House.with { house in
        try await house.importNetwork()
        let text =
          draft("test-2", from: "2026-12-01")
          + "\nsurcharges: [{name: airport, when: {stop: [a, gone], route: [1, 77]}, amount: 5}]\n"
        guard
          case .published(_, let warnings, _) = try await house.offer(
            text, isReratingOrdered: false)
        else {
          Issue.record("doubts refused the tariff")
          return
        }
        #expect(
          warnings.map(\.description) == [
            "tariff.yaml:19: warning: the network has no stop \"gone\"",
            "tariff.yaml:19: warning: the network has no route \"77\", or several of that name",
          ])
        // What is published already is not asked again, whatever became of the network.
        guard
          case .published(_, let again, _) = try await house.offer(text, isReratingOrdered: false)
        else {
          Issue.record("the same tariff was refused")
          return
        }
        #expect(again.isEmpty)
      }
    }

    @Test func withoutANetworkZonesAreToldNotToHaveBeenLookedUp() async throws {
      try await House.with { house in
        let text = draft("test-2", from: "2026-12-01") + "\nzones: [1, 2]\n"
        guard
          case .published(_, let warnings, _) = try await house.offer(
            text, isReratingOrdered: false)
        else {
          Issue.record("a city without a network cannot publish")
          return
        }
        #expect(warnings.count == 1)
        #expect(warnings.first?.message.contains("no network is imported") == true)
      }
    }

    /// What was in force before does not come back behind the end of a version.
    @Test func aVersionWithAnEndIsPublishedTogetherWithWhatFollowsIt() async throws {
      try await House.with { house in
        let free = draft("free-day", from: "2027-08-24, until: 2027-08-24", ride: "1.00")
        guard case .faulty(let faults) = try await house.offer(free, isReratingOrdered: false)
        else {
          Issue.record("days without a tariff were published")
          return
        }
        #expect(
          faults.map(\.message) == [
            "after 2027-08-24 no tariff would be in force; put the version that follows into the same "
              + "folder"
          ])
        #expect(try await house.number("select count(*) from tariff_version") == 1)
        let both = free + "\n---\n" + draft("test-2", from: "2027-08-25", ride: "8.00")
        guard case .published = try await house.offer(both, isReratingOrdered: false) else {
          Issue.record("a version with its successor was refused")
          return
        }
        try await house.city.reload(from: house.store)
        let book = try #require(house.city.current.book)
        let day = try #require(Day(year: 2027, month: 8, day: 24))
        let versions = (-1...1).map { book.tariff(on: day.adding(days: $0))?.version }
        #expect(versions == ["test-1", "free-day", "test-2"])
      }
    }

    @Test func theSameTariffAgainIsNoChangeToThePast() async throws {
      try await House.with { house in
        guard
          case .published(_, _, let staleDays) = try await house.offer(
            testTariff, isReratingOrdered: false)
        else {
          Issue.record("the same tariff was refused")
          return
        }
        #expect(staleDays == 0)
      }
    }
  }
}
