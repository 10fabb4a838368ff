package import Basics

/// A company that runs routes (`agency.txt`).
package struct Operator: Hashable, Sendable {
  /// `agency_id`; the name when the feed has one agency and gives no id.
  package var id: String
  package var name: String
  package var url: String

  /// Makes an operator.
  package init(id: String, name: String, url: String = "") {
    self.id = id
    self.name = name
    self.url = url
  }
}

/// A line as riders know it (`routes.txt`).
package struct Route: Hashable, Sendable {
  /// `route_id`.
  package var id: String
  package var shortName: String
  package var longName: String
  package var mode: Mode
  /// Index of the operator; nil when the feed does not say who runs the route.
  package var operatorIndex: Int?
  /// Six hexadecimal digits, capital; nil when the feed gives none.
  package var color: String?
  /// Colour of text on `color`.
  package var textColor: String?
  /// Place in lists (`route_sort_order`); nil when the feed gives none.
  package var sortOrder: Int?

  /// Makes a route.
  package init(
    id: String, shortName: String, longName: String, mode: Mode, operatorIndex: Int?,
    color: String? = nil, textColor: String? = nil, sortOrder: Int? = nil
  ) {
    self.id = id
    self.shortName = shortName
    self.longName = longName
    self.mode = mode
    self.operatorIndex = operatorIndex
    self.color = color
    self.textColor = textColor
    self.sortOrder = sortOrder
  }

  /// What to call the route: the short name, else the long one, else the id.
  package var name: String {
    if !shortName.isEmpty { return shortName }
    return longName.isEmpty ? id : longName
  }
}

/// What kind of place a stop is (`location_type`; the raw value is GTFS's number).
package enum StopKind: Int, Sendable, CaseIterable {
  /// Where riders board and alight.
  case stop
  /// A place that holds stops.
  case station
  case entrance, node, boardingArea
}

/// A place of the network (`stops.txt`).
package struct Stop: Hashable, Sendable {
  /// `stop_id`.
  package var id: String
  /// What riders see on the pole; empty when the feed gives none.
  package var code: String
  package var name: String
  package var coordinate: Coordinate
  /// `zone_id`; nil when the feed gives none.
  package var zone: String?
  package var kind: StopKind
  /// Index of the station it belongs to.
  package var parentIndex: Int?

  /// Makes a stop.
  package init(
    id: String, code: String = "", name: String, coordinate: Coordinate, zone: String? = nil,
    kind: StopKind = .stop, parentIndex: Int? = nil
  ) {
    self.id = id
    self.code = code
    self.name = name
    self.coordinate = coordinate
    self.zone = zone
    self.kind = kind
    self.parentIndex = parentIndex
  }
}

/// One run of a vehicle (`trips.txt`).
package struct Trip: Hashable, Sendable {
  /// `trip_id`.
  package var id: String
  package var routeIndex: Int
  package var serviceIndex: Int
  /// 0 or 1; found from the stops when the feed does not say.
  package var direction: Int
  /// What the vehicle shows; empty when the feed gives none.
  package var headsign: String
  package var shapeIndex: Int?
  package var patternIndex: Int
  /// `block_id`: trips of one block are driven by one vehicle.
  package var block: String?
  /// Its part of `Network.stopTimes`, two or more, in the order of travel.
  package var stopTimes: Range<Int>

  /// Makes a trip.
  package init(
    id: String, routeIndex: Int, serviceIndex: Int, direction: Int, headsign: String,
    shapeIndex: Int?, patternIndex: Int, block: String?, stopTimes: Range<Int>
  ) {
    self.id = id
    self.routeIndex = routeIndex
    self.serviceIndex = serviceIndex
    self.direction = direction
    self.headsign = headsign
    self.shapeIndex = shapeIndex
    self.patternIndex = patternIndex
    self.block = block
    self.stopTimes = stopTimes
  }
}

/// When a trip calls at a stop (`stop_times.txt`), packed into 20 bytes.
///
/// Seconds count from noon minus 12 hours of the service day, and pass 86,400 after midnight.
package struct StopTime: Hashable, Sendable {
  package var arrivalSeconds: Int32
  package var departureSeconds: Int32
  package var stopIndex: Int32
  /// `stop_sequence` as the feed numbers it.
  package var sequence: Int32
  /// Whether riders may board here.
  package var isBoarding: Bool
  /// Whether riders may alight here.
  package var isAlighting: Bool
  /// Whether the times stand in the feed and are exact; else they are approximate (`timepoint` 0), or were
  /// interpolated by distance.
  package var isTimepoint: Bool

  /// Makes a call at a stop.
  package init(
    arrivalSeconds: Int32, departureSeconds: Int32, stopIndex: Int32, sequence: Int32,
    isBoarding: Bool = true, isAlighting: Bool = true, isTimepoint: Bool = true
  ) {
    self.arrivalSeconds = arrivalSeconds
    self.departureSeconds = departureSeconds
    self.stopIndex = stopIndex
    self.sequence = sequence
    self.isBoarding = isBoarding
    self.isAlighting = isAlighting
    self.isTimepoint = isTimepoint
  }
}

/// A sequence of stops that trips of a route drive in one direction.
package struct Pattern: Hashable, Sendable {
  package var routeIndex: Int
  /// 0 or 1.
  package var direction: Int
  /// The stops in order; a stop may be there twice.
  package var stopIndexes: [Int32]
  /// Number of trips in the feed that drive it.
  package var tripCount: Int
  /// The shape most of its trips follow; nil when none fits.
  package var shapeIndex: Int?
  /// Metres along `Network.line(ofPattern:)` at which each stop lies, never less than the one before.
  package var stopMetres: [Double]

  /// Makes a pattern.
  package init(
    routeIndex: Int, direction: Int, stopIndexes: [Int32], tripCount: Int, shapeIndex: Int?,
    stopMetres: [Double]
  ) {
    self.routeIndex = routeIndex
    self.direction = direction
    self.stopIndexes = stopIndexes
    self.tripCount = tripCount
    self.shapeIndex = shapeIndex
    self.stopMetres = stopMetres
  }
}

/// The way vehicles drive (`shapes.txt`).
package struct Shape: Hashable, Sendable {
  /// `shape_id`.
  package var id: String
  package var line: Polyline

  /// Makes a shape.
  package init(id: String, line: Polyline) {
    self.id = id
    self.line = line
  }
}

/// A trip that repeats at a headway instead of at fixed times (`frequencies.txt`).
package struct Frequency: Hashable, Sendable {
  package var tripIndex: Int
  /// Seconds of the service day at which the first run leaves the first stop.
  package var startSeconds: Int
  /// Seconds of the service day before which the last run leaves the first stop.
  package var endSeconds: Int
  package var headwaySeconds: Int
  /// Whether runs leave exactly at the headway.
  package var isExact: Bool

  /// Makes a frequency.
  package init(
    tripIndex: Int, startSeconds: Int, endSeconds: Int, headwaySeconds: Int, isExact: Bool
  ) {
    self.tripIndex = tripIndex
    self.startSeconds = startSeconds
    self.endSeconds = endSeconds
    self.headwaySeconds = headwaySeconds
    self.isExact = isExact
  }

  /// Seconds of the service day at which each run leaves the first stop.
  package var departuresSeconds: StrideTo<Int> {
    stride(from: startSeconds, to: endSeconds, by: headwaySeconds)
  }
}

/// Who published the feed, and for when (`feed_info.txt`).
package struct FeedInfo: Hashable, Sendable {
  package var publisher: String
  package var language: String
  package var version: String
  package var startDay: Day?
  package var endDay: Day?

  /// Makes what is known of a feed.
  package init(
    publisher: String, language: String, version: String, startDay: Day?, endDay: Day?
  ) {
    self.publisher = publisher
    self.language = language
    self.version = version
    self.startDay = startDay
    self.endDay = endDay
  }
}
