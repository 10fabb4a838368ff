import Basics
import Transit

/// A tap with its texts looked up: all that rating needs, in numbers.
package struct PreparedTap: Sendable {
  /// Microseconds since 1970.
  var at: Int64
  var kind: TapKind
  /// Place in the caller's array of taps; -1 for the ride that was open before.
  var index: Int32
  var riders: Int32
  var mode: Seen
  var operatorID: Seen
  var route: Seen
  var vehicle: Seen
  var stop: Seen
  var zone: Seen
  var category: Seen
  var medium: Seen
  var coordinate: Coordinate?
  /// Metres by the operator's table; -1 when not known.
  var distanceMetres: Int32
  /// Stops passed; -1 when not known.
  var stopCount: Int32
  /// 0 or 1; -1 when not known.
  var direction: Int8
  /// Index of the stop in the network; -1 when not known.
  var place: Int32
  /// Index of the route in the network; -1 when not known.
  var line: Int32
}

/// What a condition or a price asks of a ride.
enum RideDimension: UInt8, Sendable, CaseIterable {
  case mode, operatorID, route, vehicle, stop, toStop, anyStop, zone, toZone, anyZone, zones
  case category, medium, time, toTime, service, status, direction, farthestZone

  /// The dimension whose values it takes; nil for those that have sets of their own.
  var base: Dimension? {
    switch self {
    case .mode: .mode
    case .operatorID: .operatorID
    case .route: .route
    case .vehicle: .vehicle
    case .stop, .toStop, .anyStop: .stop
    case .zone, .toZone, .anyZone, .zones: .zone
    case .category: .category
    case .medium: .medium
    case .time, .toTime, .service, .status, .direction, .farthestZone: nil
    }
  }
}

/// How a ride ended.
enum RideStatus: UInt8, Sendable, CaseIterable {
  case single, complete, incomplete, cancelled

  var mask: UInt64 { 1 << UInt64(rawValue) }
}

/// What rating needs of the tap that ended a ride; small, since rides are copied.
struct Alighting: Sendable {
  /// Microseconds since 1970.
  var at: Int64
  var stop: Seen
  var zone: Seen
  var coordinate: Coordinate?
  var index: Int32
  var modeID: Int32
  var distanceMetres: Int32
  var stopCount: Int32
  var place: Int32

  init(_ tap: borrowing PreparedTap) {
    at = tap.at
    stop = tap.stop
    zone = tap.zone
    coordinate = tap.coordinate
    index = tap.index
    modeID = tap.mode.id
    distanceMetres = tap.distanceMetres
    stopCount = tap.stopCount
    place = tap.place
  }
}

/// A ride under rating: the taps that made it and what the clock and the tariff say of it.
struct Ride {
  var on: PreparedTap
  /// The tap that ended it; that of the boarding when there is none.
  var off: Alighting
  var status: RideStatus
  /// Fare day of the boarding.
  var day: Int
  /// One bit for each named time that the boarding lies in.
  var times: UInt64 = 0
  /// One bit for each named time that its end lies in; none without a tap off.
  var endTimes: UInt64 = 0
  /// Place in the tariff's list of services; -1 when none fits.
  var service: Int32 = -1
  /// Place in the tariff of the category that counts: the tap's own, or the one that a rider without
  /// a proof has; -1 until it is looked up, and when the tariff knows none.
  var categoryRule: Int32 = -1
  /// The value of that category.
  var category: Seen
  /// The category whose prices it takes where a table does not name its own; nothing without one.
  var pricedCategory = Seen.nothing
  /// Metres of a chain of rides; -1 when the ride is priced by itself.
  var chainMetres: Double = -1
  /// How much less than the full price it costs by itself because of its category; minor units.
  var reductionMinor: Int64 = 0
  /// The full price where it costs less by itself because of its category; else unknown.
  var fullMinor = unknownMinor
  var isCompletedByHabit = false
  /// Whether its tap is that of a ride that was open on the vehicle, a second time.
  var isSecondTap = false
  /// Whether the end is that of the line, since nobody knows the real one.
  var endsWithLine = false
  /// Where the ride went, for tariffs that ask.
  var line = LinePart.unknown
  /// Bits of the sets that hold the zones of all stops of the ride, and those of some.
  var zonesOfAll: UInt64
  var zonesOfSome: UInt64

  init(on: PreparedTap, status: RideStatus, day: Int) {
    self.init(on: on, off: Alighting(on), status: status, day: day)
  }

  init(on: PreparedTap, off: Alighting, status: RideStatus, day: Int) {
    self.on = on
    self.off = off
    self.status = status
    self.day = day
    category = on.category
    zonesOfAll = on.zone.mask
    zonesOfSome = on.zone.mask
    takeOwnZones()
  }

  /// The zones that a ride has by its taps alone.
  mutating func takeOwnZones() {
    zonesOfAll = on.zone.mask
    zonesOfSome = on.zone.mask
    if hasEnd { takeZonesOfEnds() }
  }

  /// The zones of a ride are those of its two ends until its line is known.
  mutating func takeZonesOfEnds() {
    zonesOfAll = on.zone.mask & off.zone.mask
    zonesOfSome = on.zone.mask | off.zone.mask
  }

  /// Whether the place where the ride ended is known.
  var hasEnd: Bool { status == .complete || status == .cancelled || endsWithLine }

  /// Whether the end is that of a tap and not of the line.
  var endsByTap: Bool { hasEnd && !endsWithLine }

  /// When the ride began or ended; one without a known end ended when it began.
  func moment(_ kind: RideMoment) -> Int64 {
    if kind == .departure { return on.at }
    return hasEnd ? off.at : on.at
  }

  /// Hash of the stop where the ride ended, or of that where it began when the end is not known.
  var lastStop: UInt32 { hasEnd ? off.stop.hash : on.stop.hash }

  func mask(_ dimension: RideDimension) -> UInt64 {
    switch dimension {
    case .mode: on.mode.mask
    case .operatorID: on.operatorID.mask
    case .route: on.route.mask
    case .vehicle: on.vehicle.mask
    case .stop: on.stop.mask
    case .toStop: hasEnd ? off.stop.mask : 0
    case .anyStop: hasEnd ? on.stop.mask | off.stop.mask : on.stop.mask
    case .zone: on.zone.mask
    case .toZone: hasEnd ? off.zone.mask : 0
    case .anyZone: zonesOfSome
    case .zones: zonesOfAll
    case .category: category.mask | pricedCategory.mask
    case .medium: on.medium.mask
    case .time: times
    case .toTime: endTimes
    case .service: service < 0 ? 0 : 1 << UInt64(service)
    case .status: status.mask
    case .direction: on.direction < 0 ? 0 : 1 << UInt64(on.direction)
    case .farthestZone: 0
    }
  }

  func id(_ dimension: RideDimension) -> Int32 {
    switch dimension {
    case .mode: on.mode.id
    case .operatorID: on.operatorID.id
    case .route: on.route.id
    case .vehicle: on.vehicle.id
    case .stop, .anyStop: on.stop.id
    case .toStop: hasEnd ? off.stop.id : -1
    case .zone, .anyZone, .zones: on.zone.id
    case .toZone: hasEnd ? off.zone.id : -1
    case .category: category.id
    case .medium: on.medium.id
    case .service: service
    case .status: Int32(status.rawValue)
    case .direction: Int32(on.direction)
    case .time, .toTime, .farthestZone: -1
    }
  }
}

extension LinkWindow {
  /// Whether it holds from one ride to another, each at the moment that it asks for.
  func contains(from ride: borrowing Ride, to next: borrowing Ride) -> Bool {
    contains(from: ride.moment(from), to: next.moment(to))
  }
}
