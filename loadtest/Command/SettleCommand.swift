import ArgumentParser
import Basics
import Foundation
import LoadMeasures
import ServiceClient
import SimulatedCity
import Tapping

/// Measures how many taps become rides and ledger entries in a second.
struct SettleCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "settle",
    abstract: "Fills the journal with days of a city and measures the clearing.",
    discussion: """
      Two days are put into the journal by COPY, each with as many taps; part of the second day's \
      taps come late from the first. After each, a service is started that only clears, and the time \
      is taken until every tap is a ride with its entry. How long it then takes to close the windows of \
      bank cards is told apart. The ceiling is COPY of the finished rows, into tables with the same \
      keys, in the same run.
      """)

  @Option(help: "Riders of the city.")
  var riders = 1_000_000

  @Option(help: "Taps of a day.")
  var taps = 3_000_000

  @Option(help: "Late taps of the second day, of each hundred.")
  var late = 5

  @Option(help: "Validators.")
  var devices = 600

  @Option(
    help: ArgumentHelp(
      "The tariff's folder; one with a transfer and caps when left out.", valueName: "folder"))
  var tariff: String?

  @Option(help: "The kvytok program to start; the one beside loadtest when left out.")
  var kvytok: String?

  @Option(help: "Longest time for a day, in seconds.")
  var secondsMax = 900.0

  @Option(help: "Seed of the taps.")
  var seed: UInt64 = 1

  @Flag(help: "Leaves the ceiling out.")
  var noCeiling = false

  @Flag(help: "Prints one JSON object instead of a table.")
  var json = false

  func validate() throws {
    guard riders > 0, devices > 0, taps >= SettleTaps.tapsPerBatch,
      (0..<SettleTaps.tapsPerBatch).contains(late)
    else {
      throw ValidationError(
        "--riders and --devices are above zero, --taps is at least \(SettleTaps.tapsPerBatch), "
          + "--late is 0 to \(SettleTaps.tapsPerBatch - 1)")
    }
  }

  func run() async throws {
    let house = try SettleHouse(program: kvytok)
    defer { house.remove() }
    let report = try await measure(house)
    print(json ? String(decoding: report.json, as: UTF8.self) : report.text)
    guard report.isSound else {
      ProgressBar.write(
        "not sound: see rides, waiting_taps, unbalanced_minor, windows_off_minor, wrong_sums\n")
      throw ExitCode(1)
    }
  }

  private func measure(_ house: SettleHouse) async throws -> SettleReport {
    var report = SettleReport()
    var yardstick = MachineYardstick()
    report.riders = riders
    let world = SettleTaps(
      riders: riders, devices: devices, routes: CityPlan.lines.map(\.id), seed: seed)
    let batches = taps / SettleTaps.tapsPerBatch
    let today = Day(number: Int(Date().timeIntervalSince1970) / 86_400)
    for number in 0..<2 {
      let late = number == 0 ? 0 : late
      try await house.withService(roles: "web", tariff: tariff) { database in
        if number == 0 { try await house.importNetwork(CityFeed(seed: seed).zip()) }
        try await SettleFill(world: world, database: database, folder: house.folder)
          .fill(
            batches: batches, dayStart: Self.start(of: today.adding(days: number - 2)),
            firstSeqRound: number, late: late)
      }
      try yardstick.look()
      var run = try await house.clear(secondsMax: secondsMax)
      try yardstick.look()
      run.taps = batches * SettleTaps.tapsPerBatch
      run.lateTaps = batches * late
      report.days.append(run)
      ProgressBar.write(
        "day \(number + 1): \(run.taps) taps in \(Int(run.seconds * 10) / 10) s, "
          + "\(Int(run.tapsPerSecond)) taps/s\n")
    }
    report.yardstickMicroseconds = yardstick.microseconds
    try await house.withService(roles: "web", tariff: nil) { database in
      try await count(into: &report, database)
      if !noCeiling {
        ProgressBar.write("copying the finished rows …\n")
        report.ceilingTapsPerSecond = try await SettleCeiling(database: database).tapsPerSecond()
      }
    }
    return report
  }

  /// Four in the morning by UTC, six by the city's clock: a fare day from there on lies in one day.
  private static func start(of day: Day) -> Instant {
    Instant(seconds: Int64(day.number) * 86_400 + 4 * 3600)
  }

  private func count(into report: inout SettleReport, _ database: Psql) async throws {
    report.rides = Int(
      try await database.number("select count(*) from ride where reversed_run_id is null"))
    report.reversedRides = Int(
      try await database.number("select count(*) from ride where reversed_run_id is not null"))
    report.windows = Int(try await database.number("select count(*) from charge_window"))
    report.windowsOffMinor = try await database.number(
      """
      select coalesce(sum(abs(coalesce(w.minor, 0) - coalesce(r.minor, 0))), 0)::bigint
      from (select fare_day, sum(amount_minor) as minor from charge_window group by 1) w
      full join (
        select fare_day, sum(charged_minor) as minor from ride
        where medium = 'bank' and reversed_run_id is null
          and fare_day in (select fare_day from charge_day)
        group by 1) r using (fare_day)
      """)
    report.sortedTaps = Int(try await database.number("select count(*) from tap"))
    report.waitingTaps = Int(
      try await database.number(
        """
        select count(*) from tap t join rider_day f using (lane, rider_id, fare_day)
        where f.is_stale or f.rated_at is null
        """))
    report.unbalancedMinor = try await database.number(
      """
      select coalesce(sum(abs(d)), 0)::bigint from (
        select sum(debit_minor - credit_minor) as d
        from posting join entry using (entry_id) group by currency) s
      """)
    report.wrongSums = Int(
      try await database.number(
        """
        select count(*) from (
          select fare_day, route, category, sum(rides) as rides, sum(charged_minor) as charged
          from ride_sum group by 1, 2, 3) k
        full join (
          select fare_day, coalesce(route, '') as route, category, count(*) as rides,
            coalesce(sum(charged_minor), 0) as charged
          from ride where reversed_run_id is null group by 1, 2, 3) s
        using (fare_day, route, category)
        where k.rides is distinct from s.rides or k.charged is distinct from s.charged
        """))
  }
}
