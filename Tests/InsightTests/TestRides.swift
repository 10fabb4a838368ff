import Basics
import Postgres

/// A ride as the tests count it, without the database.
struct TestRide: Hashable, Sendable {
  var day: Day
  var operatorID: String?
  var mode: String?
  var category: String
  var currency: String
  var riders: Int
  var nominal: Int64?
  var charged: Int64?
  var isReversed: Bool

  /// Many rides of a seed, over three days.
  static func many(_ count: Int, seed: UInt64) -> [TestRide] {
    var random = SeededGenerator(seed: seed)
    func pick<T>(_ list: [T]) -> T { list[Int.random(in: 0..<list.count, using: &random)] }
    return (0..<count).map { _ in
      let nominal: Int64? = pick([800, 1500, nil, 2500])
      return TestRide(
        day: today.adding(days: pick([-1, 0, 0, 1])), operatorID: pick(["north", "south", nil]),
        mode: pick(["bus", "trolleybus", nil]), category: pick(["adult", "pupil", "пенсіонер"]),
        currency: pick(["UAH", "UAH", "EUR"]), riders: pick([1, 1, 1, 4]), nominal: nominal,
        charged: nominal.flatMap { pick([$0, $0 / 2, 0]) }, isReversed: pick([false, false, true]))
    }
  }
}

/// Sums of rides by the second implementation, which knows no SQL.
struct TestSums: Hashable {
  var rides = 0
  var people = 0
  var charged: Int64 = 0
  var nominal: Int64 = 0
  var free = 0
  var unknown = 0

  init(_ rides: [TestRide]) {
    for ride in rides {
      self.rides += 1
      people += ride.riders
      charged += ride.charged ?? 0
      nominal += ride.nominal ?? 0
      if ride.charged == 0 { free += 1 }
      if ride.charged == nil { unknown += 1 }
    }
  }
}

extension World {
  /// Rides that are free because of the category: those of pensioners, by the columns of the insert.
  private static let isFree = "c = 'пенсіонер' and q = 0"
  /// Rides of pupils that cost something, and less than others'.
  private static let isReduced = "c = 'pupil' and q > 0 and q < p"
  private static func named(_ test: String) -> String {
    test.replacing("c =", with: "category =").replacing("q", with: "charged_minor")
      .replacing("< p", with: "< nominal_minor")
  }

  /// Adds rides, each of a rider of its own; every other one by bank card where that is asked.
  func add(_ rides: [TestRide], withBankCards: Bool = false) async throws {
    let riders = rides.indices.map { RiderID(high: 7, low: UInt64($0)) }
    let parameters: [PostgresValue] = [
      .dates(rides.map { Optional($0.day) }), .identifiers(riders.map(Optional.some)),
      .int2s(riders.map { Lane.of($0) }), .texts(rides.map(\.operatorID)),
      .texts(rides.map(\.mode)),
      .texts(rides.map { Optional($0.category) }), .texts(rides.map { Optional($0.currency) }),
      .int2s(rides.map { Int16($0.riders) }), .int8s(rides.map(\.nominal)),
      .int8s(rides.map(\.charged)), .int8s(rides.map { $0.isReversed ? 2 : nil }),
      .int8s(rides.indices.map { Int64($0 + 1) }), .bool(withBankCards),
    ]
    let (free, reduced) = (Self.named(Self.isFree), Self.named(Self.isReduced))
    _ = try await pool.session { db in
      try await db.execute(
        """
        insert into ride (fare_day, rider_id, lane, operator_id, mode, category, currency, riders,
          nominal_minor, charged_minor, reversed_run_id, seq, run_id, started_at, device_id, epoch,
          product, medium, tariff_version, reason)
        select d, r, l, o, m, c, u, n, p, q, x, s, 1, d + interval '10 hours', 'V-1', 1, 'ride',
          case when $13 and s % 2 = 0 then 'bank' else 'card' end,
          case when s % 2 = 0 then 'test-2' else 'test-1' end,
          case when \(Self.isFree) then format(
              '{"currency":"UAH","steps":[{"code":"free_category","rule":"%s","minor":%s}]}', c, p)
            when \(Self.isReduced) then format('{"currency":"UAH","steps":[{"code":"price",'
              '"rule":"x","minor":%s},{"code":"reduced_category","rule":"pupil","minor":%s,'
              '"number":%s}]}', q, p - q, n) else '{}' end
        from unnest($1::date[], $2::uuid[], $3::int2[], $4::text[], $5::text[], $6::text[],
          $7::text[], $8::int2[], $9::int8[], $10::int8[], $11::int8[], $12::int8[])
          as t(d, r, l, o, m, c, u, n, p, q, x, s)
        """, parameters)
      // As the runs of the clearing would have kept them: booked on the day of the rides.
      try await db.script(
        """
        insert into ride_sum
        select fare_day, fare_day, lane, coalesce(operator_id, ''), coalesce(route, ''),
          coalesce(mode, ''), category, product, medium, currency, tariff_version, count(*),
          sum(riders), count(*) filter (where charged_minor = 0),
          count(*) filter (where charged_minor > 0 and charged_minor < nominal_minor),
          count(*) filter (where charged_minor is null), 0, coalesce(sum(nominal_minor), 0),
          coalesce(sum(charged_minor), 0), count(*) filter (where \(free) or \(reduced)),
          count(*) filter (where \(free)), coalesce(sum(riders) filter (where \(reduced)), 0),
          coalesce(sum(nominal_minor - charged_minor) filter (where \(free) or \(reduced)), 0)
        from ride where reversed_run_id is null group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
        """)
    }
  }
}
