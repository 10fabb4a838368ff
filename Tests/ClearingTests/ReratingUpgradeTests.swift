import Basics
import Clearing
import DatabaseSupport
import Insight
import Postgres
import Store
import Tariff
import Testing
import Transit

extension ClearingSuite {
  /// Orders to rate anew that an update finds under way go on, or are closed and say why.
  @Suite struct ReratingUpgradeTests {
    private static let rider = "00000000-0000-0000-0000-0000000000a1"

    /// Orders as they were kept before they were carried out in pieces; network 1 is in force.
    private static let orders = """
      insert into rerating_order (first_day, last_day, preview, change_minor, needs_approval, state,
        requested_by, requested_digest, requested_at, decided_by, decided_digest, decided_at, feed_id,
        preview_place)
      select '2026-11-20', '2026-11-21', preview, 0, needs, state, 'Olena', '\\x01', now(), decider,
        case when decider is not null then '\\x02'::bytea end,
        case when decider is not null then now() end, feed, place
      from (values
        (1, 'requested', true, null, null::bigint, null, '{"days":[]}'),
        (2, 'approved', true, 'Petro', null, null, '{"days":[]}'),
        (3, 'requested', true, null, null, null, '{"riders":7}'),
        (4, 'approved', true, 'Petro', 1, 'riders 3',
          '{"from":"2026-11-20","to":"2026-11-21","feed":1,"tariffs":1,"days":[]}'),
        (5, 'previewing', false, null, 1, 'vehicles 2', '{"from":"2026-11-20","to":"2026-11-21"}'),
        (6, 'previewing', false, null, 7, 'riders 5', '{}'),
        (7, 'done', false, null, null, null, '{"days":[]}'))
        as o (n, state, needs, decider, feed, place, preview)
      order by n
      """

    /// A database of before with a tariff, a network, a rider whose day is rated, and the orders.
    private static func withOrders(
      _ body: @Sendable (Store, PostgresPool) async throws -> Void
    ) async throws {
      let before = try SchemaMigrations.all().filter { $0.name < "0034-rerating-pieces" }
      try await LeasedDatabase.with(before, connectionsMax: 4) { pool in
        let source = ReratingTests.source(testTariff)
        let store = Store(pool: pool)
        try await store.write { db in
          _ = try await db.tariffs.save(
            TariffRecord(
              version: "test-1", effectiveFrom: try #require(Day("2026-01-01")),
              source: TariffPublication.text(of: source), publishedAt: House.noon))
        }
        try await pool.session { db in
          _ = try await db.query(
            "insert into network_feed (name, digest, archive, imported_at) values ('feed', $1, $2, $3)",
            [.bytea([1]), .bytea(try Self.feed()), .timestamptz(House.noon)])
        }
        let lane = Lane.of(try #require(RiderID(rider)))
        _ = try await pool.session { db in
          try await db.script(
            """
            insert into rider values ('\(rider)', \(lane), now());
            insert into fare_day (lane, rider_id, fare_day, rated_at)
            values (\(lane), '\(rider)', '2026-11-20', now());
            \(orders);
            """)
        }
        try await Store.migrate(pool)
        try await body(store, pool)
      }
    }

    private static func feed() throws -> [UInt8] {
      let files = [
        "agency.txt":
          "agency_id,agency_name,agency_url,agency_timezone\nt,Tram,https://t.example,Europe/Kyiv\n",
        "stops.txt": "stop_id,stop_name,stop_lat,stop_lon\na,Rynok,49.23,28.46\n"
          + "b,Vokzal,49.24,28.47\n",
        "routes.txt":
          "route_id,agency_id,route_short_name,route_long_name,route_type\nr1,t,1,,3\n",
        "trips.txt": "route_id,service_id,trip_id\nr1,all,t1\n",
        "calendar.txt":
          "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date\n"
          + "all,1,1,1,1,1,1,1,20260101,20261231\n",
        "stop_times.txt": "trip_id,arrival_time,departure_time,stop_id,stop_sequence\n"
          + "t1,08:00:00,08:00:00,a,1\nt1,08:05:00,08:05:00,b,2\n",
      ]
      return ZipArchive.make(
        files: files.sorted { $0.key < $1.key }.map {
          (name: $0.key, bytes: Array($0.value.utf8))
        })
    }

    private static func work(_ store: Store) async throws -> [ReratingOrder] {
      let city = CityHolder()
      try await city.reload(from: store)
      let placing = ImportPlacing(store: store, city: city)
      let pieces = ReratingPieces(store: store, city: city)
      while try await placing.piece() + pieces.piece(at: House.noon) > 0 {}
      return try await Rerating(store: store, city: city.current).list().sorted { $0.id < $1.id }
    }

    @Test func ordersUnderWayDuringAnUpdateGoOnOrSayWhyNot() async throws {
      try await Self.withOrders { store, pool in
        let orders = try await Self.work(store)
        #expect(
          orders.map(\.state) == [
            .requested, .done, .requested, .done, .done, .refused, .done,
          ])
        #expect(orders.allSatisfy { $0.place == nil && $0.compared == nil })
        // The one rider-day is marked by what goes on, and by nothing twice.
        #expect(orders.map(\.staleDays) == [nil, 1, nil, 1, 1, nil, nil])
        #expect(orders[1].decidedBy?.label == "Petro")
        #expect(try #require(orders[5].fault).contains("Another network was imported since"))
        #expect(orders.filter { $0.id != 6 }.allSatisfy { $0.fault == nil })
        let city = CityHolder()
        try await city.reload(from: store)
        let rerating = Rerating(store: store, city: city.current)
        // What waited is still to be approved by another person; what does not tell its days is not.
        guard
          case .ordered = try await rerating.approve(
            1, by: ReratingTests.petro, at: House.noon),
          case .refused(let why) = try await rerating.approve(
            3, by: ReratingTests.petro, at: House.noon)
        else {
          Issue.record("orders of before are decided otherwise")
          return
        }
        #expect(why.contains("does not tell what it changes by day"))
        let after = try await Self.work(store)
        #expect(after[0].state == .done && after[0].staleDays == 1)
        let differing = try await store.read { db in
          try await db.rowSeals.rowsThatDiffer(in: .reratingOrder, countMax: 9)
        }
        #expect(differing == [])
      }
    }
  }
}
