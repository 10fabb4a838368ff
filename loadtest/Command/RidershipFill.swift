import Basics
import Foundation
import ServiceClient
import Transit

/// A route in a direction, with the stops of the way that most of its trips drive.
struct AskedLine: Sendable {
  let route: String
  let direction: Int
  let stops: [String]

  /// The lines of a network that have a way to ride.
  static func all(of network: Network) -> [AskedLine] {
    network.routes.indices.flatMap { route in
      (0...1).compactMap { direction in
        guard let pattern = network.mainPattern(route: route, direction: direction) else {
          return nil
        }
        let stops = network.patterns[pattern].stopIndexes.map { network.stops[Int($0)].id }
        guard stops.count > 1 else { return nil }
        return AskedLine(route: network.routes[route].id, direction: direction, stops: stops)
      }
    }
  }
}

/// Fills a database with placed boardings, as placing leaves them: day by day, each in its partition.
struct RidershipFill {
  /// Validators, and vehicles that were placed on a day.
  private static let devices = 600
  private static let vehiclesPerDay = 200
  /// Hours by the clock on the wall at which people board; as often as a number stands here.
  private static let hours = [
    6, 7, 7, 7, 8, 8, 8, 8, 9, 9, 10, 11, 12, 13, 14, 15, 16, 16, 17, 17, 17, 18, 18, 19, 20, 21,
    22,
  ]

  let database: Psql
  let lines: [AskedLine]
  let timeZone: String
  let days: ClosedRange<Day>
  /// Boardings of a day.
  let boardings: Int

  /// Fills all days; the first lines of the network are the busiest.
  func fill() async throws {
    let file = FileManager.default.temporaryDirectory.appendingPathComponent(
      "kvytok-lines-\(ProcessInfo.processInfo.processIdentifier).sql")
    try preparation.write(to: file, atomically: true, encoding: .utf8)
    defer { try? FileManager.default.removeItem(at: file) }
    try await database.run(file: file.path)
    let numbers = days.lowerBound.number...days.upperBound.number
    var bar = ProgressBar("filling \(numbers.count) days", total: numbers.count)
    for (place, number) in numbers.enumerated() {
      try await database.run(boardings(of: Day(number: number)))
      bar.show(place + 1)
    }
    bar.finish()
    try await database.run("drop table loadtest_line")
    // As a table that filled day by day is found: the server has looked after it on the way.
    try await database.run("vacuum analyze boarding, vehicle_day, device_epoch")
  }

  /// The lines as a table, partitions for the days, and what else an answer looks at: registers of validators, and
  /// by which network each day was placed.
  private var preparation: String {
    let rows = lines.enumerated().map { place, line in
      let stops = line.stops.map(Self.literal).joined(separator: ",")
      return "(\(place), \(Self.literal(line.route)), \(line.direction), array[\(stops)])"
    }
    return """
      create unlogged table loadtest_line (line integer primary key, route text, direction smallint,
        stops text[]);
      insert into loadtest_line values
      \(rows.joined(separator: ",\n"));
      analyze loadtest_line;
      do $$ declare day date; begin
        for number in 0..\(days.upperBound.number - days.lowerBound.number) loop
          day := date '\(days.lowerBound)' + number;
          execute format('create table if not exists %I partition of boarding for values from (%L) to (%L)',
            'boarding_' || to_char(day, 'YYYYMMDD'), day, day + 1);
        end loop;
      end $$;
      insert into device (device_id, state, enrolled_at)
      select 'R-' || n, 'enrolled', now() from generate_series(0, \(Self.devices - 1)) n;
      insert into device_epoch (device_id, epoch, seen, last_received_at, last_sent_at)
      select 'R-' || n, 1, '{[1,100000)}'::int8multirange, now(), now()
      from generate_series(0, \(Self.devices - 1)) n;
      insert into vehicle_day (lane, vehicle, service_day, placed_at, feed_id)
      select v % 64, 'R-' || v, date '\(days.lowerBound)' + d, now(),
        (select max(feed_id) from network_feed)
      from generate_series(0, \(Self.vehiclesPerDay - 1)) v,
        generate_series(0, \(days.upperBound.number - days.lowerBound.number)) d;

      """
  }

  /// One in twenty has no stop, one in eight of the others no alighting; the same each time.
  private func boardings(of day: Day) -> String {
    let hours = Self.hours.map(String.init).joined(separator: ",")
    // Six numbers at or above zero for each boarding of each day.
    let first = Int64(day.number) * 1_000_000_000
    let hashes = (1...6).map {
      "hashint8extended(n::bigint + \(first), \($0)) & x'7fffffffffffffff'::bigint as h\($0)"
    }
    return """
      insert into boarding (fare_day, lane, rider_id, tapped_at, device_id, epoch, seq, riders, vehicle,
        route, direction, stop, stop_order, source, confidence, off_stop, off_stop_order, off_source,
        off_confidence)
      select date '\(day)', h1 % 64, md5((h1 % \(max(boardings / 2, 1)))::text)::uuid,
        (timestamp '\(day)' + make_interval(hours => hour, secs => (h2 % 3600)::float8))
          at time zone \(Self.literal(timeZone)),
        'R-' || n % \(Self.devices), 1, n, case when n % 25 = 0 then 2 else 1 end,
        'R-' || n % \(Self.vehiclesPerDay), route, direction,
        case when is_placed then stops[on_place + 1] end, case when is_placed then on_place end,
        case when is_placed then 'door_event' else 'no_visit_in_time' end,
        case when is_placed then 0.9 else 0 end,
        case when is_known then stops[off_place + 1] end, case when is_known then off_place end,
        case when is_known then 'next_boarding' end, case when is_known then 0.8 end
      from generate_series(1, \(boardings)) n
      cross join lateral (select \(hashes.joined(separator: ", "))) h
      join loadtest_line l
        on l.line = floor(\(lines.count) * power((h3 % 1000000)::float8 / 1000000, 2))::integer
      cross join lateral (select (array[\(hours)])[(1 + h2 / 3600 % \(Self.hours.count))::integer] as hour,
        (h4 % (cardinality(stops) - 1))::integer as on_place, h6 % 20 > 0 as is_placed) p
      cross join lateral (select
        on_place + 1 + (h5 % (cardinality(stops) - 1 - on_place))::integer as off_place,
        is_placed and h6 / 20 % 8 > 0 as is_known) o
      """
  }

  /// A text as SQL writes it.
  private static func literal(_ text: String) -> String {
    "'" + text.replacingOccurrences(of: "'", with: "''") + "'"
  }
}
