import ServiceClient

/// Asks the database what became of the positions of vehicles whose names begin with a prefix.
struct MatchedPositions {
  /// Visits older than this say nothing about where a vehicle is, seconds: as the service has it.
  static let visitAgeSecondsMax = 1800

  let database: Psql
  let prefix: String

  /// The moment by the database's clock, as it writes it.
  func moment() async throws -> String {
    try await database.run("select clock_timestamp()").filter { $0 != "\n" }
  }

  /// Seconds until the day of every vehicle is worked out; nil when that took longer than a bound.
  func secondsUntilMatched(_ secondsMax: Double) async -> Double? {
    ProgressBar.write("waiting until all is matched …\n")
    let clock = ContinuousClock()
    let start = clock.now
    do {
      try await database.waitUntil(
        "select not exists (select from vehicle_day where stale_since is not null);",
        secondsMax: secondsMax)
      return (clock.now - start).seconds
    } catch {
      ProgressBar.write("\(error)\n")
      return nil
    }
  }

  /// Positions that came since a moment.
  func storedCount(since moment: String) async throws -> Int {
    Int(
      try await database.number(
        "select count(*) from position where \(isOurs) and received_at >= '\(moment)'"))
  }

  /// Stop visits found.
  func visitsCount() async throws -> Int {
    Int(try await database.number("select count(*) from stop_visit where \(isOurs)"))
  }

  /// Of the positions that came since a moment, those that the service places on the line that the vehicle drove:
  /// by the newest stop visit before them, as it says it of a vehicle that moves.
  func matchedCount(since moment: String) async throws -> Int {
    Int(
      try await database.number(
        """
        with told as (
          select vehicle, at, route, null::timestamptz as departed_at,
            received_at >= '\(moment)' as is_counted
          from position where \(isOurs)
          union all
          select vehicle, arrived_at, route, departed_at, null from stop_visit where \(isOurs)),
        placed as (
          select *, count(*) filter (where is_counted is null) over (
            partition by vehicle order by at, is_counted nulls first rows unbounded preceding)
            as visits
          from told)
        select count(*) from placed p join placed v using (vehicle, visits)
        where p.is_counted and v.is_counted is null and v.route = p.route
          and p.at - v.departed_at <= interval '\(Self.visitAgeSecondsMax) seconds'
        """))
  }

  private var isOurs: String { "vehicle like '\(prefix)%'" }
}
