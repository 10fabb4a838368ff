import Basics
import DatabaseSupport
import Insight
import Logging
import Postgres
import Store
import Testing
import Transit

/// All tests of the room need a PostgreSQL on this machine.
@Suite(.enabled(if: LeasedDatabase.isAvailable, "skipped: no PostgreSQL"))
enum InsightSuite {}

let quiet = Logger(label: "tests") { _ in SwiftLogNoOpLogHandler() }

/// Monday 23 November 2026, and noon of it in Kyiv.
let today = Day(number: 20_780)
let noon = Instant(seconds: 20_780 * 86_400 + 10 * 3600)

/// A desk on a fresh database with a network that is small enough to know by heart.
///
/// Operator `north` drives bus 1 over a, b, c and d and back; `south` drives trolleybus 2 from d to e,
/// and a bus 1 of its own from e to a.
struct World: Sendable {
  let store: Store
  let pool: PostgresPool
  let city = CityHolder()
  let desk: InsightDesk

  static func with<Result: Sendable>(
    _ body: @Sendable (World) async throws -> Result
  ) async throws -> Result {
    try await LeasedDatabase.with(try SchemaMigrations.all()) { pool in
      let world = World(pool: pool)
      try await world.store.write { db in
        _ = try await db.feeds.save(name: "small", digest: [1], archive: feed(), at: noon)
      }
      try await world.city.reload(from: world.store)
      try #require(world.city.current.network.routes.count == 3)
      return try await body(world)
    }
  }

  private init(pool: PostgresPool) {
    self.pool = pool
    store = Store(pool: pool)
    desk = InsightDesk(store: store, city: city)
  }

  func script(_ sql: String) async throws {
    _ = try await pool.session { db in try await db.script(sql) }
  }

  func texts(_ sql: String, _ parameters: [PostgresValue] = []) async throws -> [String] {
    try await pool.session { db in try await db.query(sql, parameters).map { try $0.text(0) } }
  }

  /// Adds boardings of a route, each of as many riders with a tap of their own, or of one rider's tap; numbers go on
  /// from `from`.
  func addBoardings(_ boardings: [TestBoarding], day: Day = today, from: Int64 = 1) async throws {
    _ = try await pool.session { db in
      for (index, boarding) in boardings.enumerated() {
        try await db.execute(
          """
          insert into boarding (fare_day, lane, rider_id, tapped_at, device_id, epoch, seq, riders,
            vehicle, route, direction, stop, stop_order, source, confidence, off_stop,
            off_stop_order, off_source, off_confidence)
          select $1::date, 0, md5(coalesce($15::text, concat($1::date, '-', $3::int8, '-', n)))::uuid,
            $2::timestamptz, 'V-1', n, $3::int8, $16::int2, '1603', $5::text, $6::int2, $7::text,
            $8::int4, $9::text, $10::float8, $11::text, $12::int4, $13::text, $14::float8
          from generate_series(1, $4::int8) n
          """,
          [
            .date(day), .timestamptz(boarding.at), .int8(from + Int64(index)),
            .int8(boarding.rider == nil ? Int64(boarding.riders) : 1),
            .orNull(boarding.route, PostgresValue.text),
            .orNull(boarding.direction) { .int2(Int16($0)) },
            .orNull(boarding.stop, PostgresValue.text),
            .orNull(boarding.stop.flatMap { "abcde".order(of: $0) }) { .int4($0) },
            .text(boarding.stop == nil ? "no_visits" : "door_event"),
            .float8(boarding.stop == nil ? 0 : 0.95),
            .orNull(boarding.offStop, PostgresValue.text),
            .orNull(boarding.offStop.flatMap { "abcde".order(of: $0) }) { .int4($0) },
            .text(boarding.offStop == nil ? "single_boarding" : "next_boarding"),
            .orNull(boarding.offStop.map { _ in 0.8 }, PostgresValue.float8),
            .orNull(boarding.rider, PostgresValue.text),
            .int2(boarding.rider == nil ? 1 : Int16(boarding.riders)),
          ])
      }
    }
  }

  /// The network, with the operator `north` under a name, and bus 1 under an id and with an operator.
  static func feed(
    north: String = "Північ", busOf: String = "north", bus: String = "bus-1"
  ) -> [UInt8] {
    let files = [
      "agency.txt": """
      agency_id,agency_name,agency_url,agency_timezone
      north,\(north),https://example.org,Europe/Kyiv
      south,Південь,https://example.org,Europe/Kyiv
      """,
      "routes.txt": """
      route_id,agency_id,route_short_name,route_long_name,route_type,route_color
      \(bus),\(busOf),1,Harbour - Park,3,ff8800
      trol-2,south,2,Park - Wood,800,
      bus-1s,south,1,Wood - Harbour,3,
      """,
      "stops.txt": """
      stop_id,stop_name,stop_lat,stop_lon
      a,Harbour,50.0,30.00
      b,Bridge,50.0,30.01
      c,Market,50.0,30.02
      d,Park,50.0,30.03
      e,Wood,50.0,30.04
      """,
      "calendar.txt": """
      service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date
      all,1,1,1,1,1,1,1,20260101,20261231
      """,
      "trips.txt": """
      route_id,service_id,trip_id,trip_headsign,direction_id
      \(bus),all,t1,Park,0
      \(bus),all,t2,Harbour,1
      trol-2,all,t3,Wood,0
      bus-1s,all,t4,Harbour,0
      """,
      "stop_times.txt": """
      trip_id,arrival_time,departure_time,stop_id,stop_sequence
      t1,08:00:00,08:00:00,a,1
      t1,08:05:00,08:05:00,b,2
      t1,08:10:00,08:10:00,c,3
      t1,08:15:00,08:15:00,d,4
      t2,09:00:00,09:00:00,d,1
      t2,09:05:00,09:05:00,c,2
      t2,09:10:00,09:10:00,b,3
      t2,09:15:00,09:15:00,a,4
      t3,10:00:00,10:00:00,d,1
      t3,10:05:00,10:05:00,e,2
      t4,11:00:00,11:00:00,e,1
      t4,11:20:00,11:20:00,a,2
      """,
    ]
    return ZipArchive.make(
      files: files.sorted { $0.key < $1.key }.map { ($0.key, Array($0.value.utf8)) })
  }
}

extension String {
  /// The place of a one-letter stop on the line.
  fileprivate func order(of stop: String) -> Int32? {
    firstIndex(of: Character(stop)).map { Int32(distance(from: startIndex, to: $0)) }
  }
}

/// A boarding of a group, at a time of the day in Kyiv.
struct TestBoarding: Sendable {
  var at: Instant
  var riders: Int
  var route: String?
  var direction: Int?
  var stop: String?
  var offStop: String?
  /// Whose tap it is, with whoever rides along; nil where each rider has a tap.
  var rider: String?

  init(
    _ time: String, _ riders: Int, route: String? = "bus-1", direction: Int? = 0, _ stop: String?,
    to offStop: String? = nil, by rider: String? = nil
  ) throws {
    self.rider = rider
    at = try #require(Instant(iso8601: "2026-11-23T\(time):00+02:00"))
    self.riders = riders
    self.route = route
    self.direction = direction
    self.stop = stop
    self.offStop = offStop
  }
}
