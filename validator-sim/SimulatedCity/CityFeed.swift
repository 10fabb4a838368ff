package import Basics
import Transit

/// The GTFS feed of the invented city.
package struct CityFeed {
  /// First and last service date.
  package static let firstDay = "20260101"
  package static let lastDay = "20271231"

  private let plan: CityPlan
  private let trips: [CityTrip]

  /// Lays the city out; the seed deals the names of its streets.
  package init(seed: UInt64) {
    plan = CityPlan(seed: seed)
    trips = CityPlan.lines.flatMap { line in
      ServiceKind.allCases.flatMap { CityTimetable.trips(of: line, on: $0) }
    }
  }

  /// The feed as a ZIP archive, the same bytes for the same seed.
  package func zip() -> [UInt8] {
    ZipArchive.make(
      files: files().map { name, rows in
        var writer = CSVWriter(lineEnd: .crlf)
        for row in rows { writer.row(row) }
        return (name, writer.bytes)
      })
  }

  /// Every file as rows of fields, the heading first.
  package func files() -> [(name: String, rows: [[String]])] {
    [
      ("agency.txt", agency()), ("calendar.txt", calendar()),
      ("calendar_dates.txt", calendarDates()), ("feed_info.txt", feedInfo()),
      ("routes.txt", routes()), ("shapes.txt", shapes()), ("stop_times.txt", stopTimes()),
      ("stops.txt", stops()), ("trips.txt", tripRows()),
    ]
  }
}

// The files, one function each.
extension CityFeed {
  private func agency() -> [[String]] {
    let heading = [
      "agency_id", "agency_name", "agency_url", "agency_timezone", "agency_lang",
    ]
    return [heading]
      + CityPlan.operators.map {
        let site = "https://\($0.id.lowercased()).example.org/"
        return [$0.id, $0.name, site, "Europe/Kyiv", "uk"]
      }
  }

  private func calendar() -> [[String]] {
    let heading = [
      "service_id", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday",
      "start_date", "end_date",
    ]
    return [heading]
      + ServiceKind.allCases.map { kind in
        let days = Weekday.allCases.map { Self.kind(of: $0) == kind ? "1" : "0" }
        return [kind.rawValue] + days + [Self.firstDay, Self.lastDay]
      }
  }

  /// The kind of day that a weekday usually is.
  package static func kind(of weekday: Weekday) -> ServiceKind {
    switch weekday {
    case .saturday: .saturday
    case .sunday: .sunday
    default: .weekday
    }
  }

  /// Public holidays of Ukraine on which the city runs its Sunday timetable.
  package static let holidays = [
    "20260101", "20260824", "20261225", "20270101", "20270824", "20271225",
  ]

  private func calendarDates() -> [[String]] {
    var rows = [["service_id", "date", "exception_type"]]
    for text in Self.holidays {
      guard let day = Day(text) else { preconditionFailure("\(text) is no date") }
      rows.append([Self.kind(of: day.weekday).rawValue, text, "2"])
      rows.append([ServiceKind.sunday.rawValue, text, "1"])
    }
    return rows
  }

  private func feedInfo() -> [[String]] {
    [
      [
        "feed_publisher_name", "feed_publisher_url", "feed_lang", "feed_start_date",
        "feed_end_date", "feed_version", "feed_contact_url",
      ],
      [
        "Зеленоградська міська рада", "https://zelenohrad.example.org/", "uk", Self.firstDay,
        Self.lastDay, "seed-\(plan.seed)", "https://zelenohrad.example.org/gtfs",
      ],
    ]
  }

  private func routes() -> [[String]] {
    let heading = [
      "route_id", "agency_id", "route_short_name", "route_long_name", "route_type",
      "route_color", "route_text_color",
    ]
    return [heading]
      + CityPlan.lines.map { line in
        let ends = [line.corners[0], line.corners[line.corners.count - 1]].map(plan.name(of:))
        let (type, color) = Self.typeAndColor(line.mode)
        return [
          line.id, line.operatorID, line.shortName, "\(ends[0]) – \(ends[1])", type, color,
          "FFFFFF",
        ]
      }
  }

  private static func typeAndColor(_ mode: Mode) -> (type: String, color: String) {
    switch mode {
    case .tram: ("0", "B3261E")
    case .trolleybus: ("11", "1B5FAA")
    default: ("3", "1E6B34")
    }
  }

  private func stops() -> [[String]] {
    var poles: [String: (crossing: Crossing, heading: Heading)] = [:]
    for line in CityPlan.lines {
      for direction in 0...1 {
        let crossings = line.crossings(direction: direction)
        for index in crossings.indices {
          let heading = Self.heading(at: index, of: crossings)
          poles[Self.stopID(crossings[index], heading)] = (crossings[index], heading)
        }
      }
    }
    let heading = ["stop_id", "stop_code", "stop_name", "stop_lat", "stop_lon"]
    return [heading]
      + poles.sorted { $0.key < $1.key }.map { id, pole in
        let place = Grid.pole(at: pole.crossing, heading: pole.heading)
        return [id, id, plan.name(of: pole.crossing)] + Self.degrees(place)
      }
  }

  /// The heading with which a vehicle reaches a stop of its way; at the first, that of leaving it.
  package static func heading(at index: Int, of crossings: [Crossing]) -> Heading {
    let to = max(index, 1)
    guard let heading = Heading.from(crossings[to - 1], to: crossings[to]) else {
      preconditionFailure("neighbours on a way share a street")
    }
    return heading
  }

  /// `stop_id` of a pole: column, row and heading, as `C06R04E`.
  package static func stopID(_ crossing: Crossing, _ heading: Heading) -> String {
    "C\(padded(crossing.column, 2))R\(padded(crossing.row, 2))\(heading.rawValue)"
  }

  private static func degrees(_ place: Coordinate) -> [String] {
    [place.latitude, place.longitude].map { value in
      let millionths = Int((value * 1_000_000).rounded())
      return "\(millionths / 1_000_000).\(padded(millionths % 1_000_000, 6))"
    }
  }

  private func shapes() -> [[String]] {
    var rows = [["shape_id", "shape_pt_lat", "shape_pt_lon", "shape_pt_sequence"]]
    for line in CityPlan.lines {
      for direction in 0...1 {
        let crossings = line.crossings(direction: direction)
        let last = crossings.count - 1
        var places = [Grid.pole(at: crossings[0], heading: Self.heading(at: 0, of: crossings))]
        for index in 1..<last {
          let turns =
            Self.heading(at: index, of: crossings) != Self.heading(at: index + 1, of: crossings)
          if turns { places.append(Grid.point(of: crossings[index])) }
        }
        places.append(
          Grid.pole(at: crossings[last], heading: Self.heading(at: last, of: crossings)))
        for (number, place) in places.enumerated() {
          rows.append(["\(line.id)-\(direction)"] + Self.degrees(place) + [String(number)])
        }
      }
    }
    return rows
  }

  private func tripRows() -> [[String]] {
    let heading = [
      "route_id", "service_id", "trip_id", "trip_headsign", "direction_id", "block_id",
      "shape_id",
    ]
    return [heading]
      + trips.map { trip in
        let crossings = trip.line.crossings(direction: trip.direction)
        return [
          trip.line.id, trip.service.rawValue, trip.id,
          plan.name(of: crossings[crossings.count - 1]), String(trip.direction), trip.block,
          "\(trip.line.id)-\(trip.direction)",
        ]
      }
  }

  private func stopTimes() -> [[String]] {
    var rows = [["trip_id", "arrival_time", "departure_time", "stop_id", "stop_sequence"]]
    for trip in trips {
      let crossings = trip.line.crossings(direction: trip.direction)
      for index in crossings.indices {
        let (arrival, departure) = trip.times(stop: index, of: crossings.count)
        rows.append([
          trip.id, clockText(seconds: arrival), clockText(seconds: departure),
          Self.stopID(crossings[index], Self.heading(at: index, of: crossings)), String(index),
        ])
      }
    }
    return rows
  }
}
