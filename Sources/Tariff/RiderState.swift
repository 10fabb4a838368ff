import Basics

/// What a rider's fare day leaves to the next: caps, transfer windows, chains, products, an open ride.
///
/// Rules are named by a hash of their name, so that a state survives a new version of the tariff.
package struct RiderState: Hashable, Sendable {
  var caps: [CapCount] = []
  var windows: [TransferWindow] = []
  var chain: ChainState?
  var holdings: [Holding] = []
  var counts: [RideCount] = []
  /// The tap on of a ride that may still be ended.
  var boarding: FareTap?
  /// Rides of yesterday that a ticket bought then may still share with rides of today.
  var recent: [RecentRide] = []
  var habits: [Habit] = []
  /// Stored value in minor units; nil when the medium holds none.
  var balanceMinor: Int64?
  /// The last tap on for pass-back rules: hash of the vehicle, and when.
  var lastVehicle: LastVehicle?
  /// The days on which rides began behind the open one; nil where none did.
  var evening: OpenEvening?

  /// The state of a rider who never rode.
  package static let empty = RiderState()

  /// Whether a ride is open, so that the next fare day has to be rated even without taps.
  package var hasOpenRide: Bool { boarding != nil }
}

/// What a rider has paid in the running period of a cap.
struct CapCount: Hashable, Sendable {
  var tag: UInt32
  /// First fare day of the period, or the microsecond of its first ride.
  var start: Int64
  var spentMinor: Int64
  var rides: Int32
  /// The highest level reached; -1 when none is.
  var level: Int16
  /// One bit for each set of zones that a ride of the period has left.
  var setsLeft: UInt64 = 0
}

/// A running transfer.
struct TransferWindow: Hashable, Sendable {
  var tag: UInt32
  /// Microseconds at which the window is measured from.
  var startedAt: Int64
  var creditMinor: Int64
  var lastPriceMinor: Int64
  var firstService: UInt32
  var lastService: UInt32
  var lastRoute: UInt32
  var lastStop: UInt32
  var lastDirection: Int8
  /// Rides made on the transfer after the first.
  var count: Int16
}

/// Linked rides that are priced together.
struct ChainState: Hashable, Sendable {
  /// Hash of the tariff version; a chain does not go on into another.
  var version: UInt32
  var tag: UInt32
  var service: UInt32
  var lastEndedAt: Int64
  var lastStartedAt: Int64
  var lastDay: Int32
  var lastStop: UInt32
  var lastRoute: UInt32
  var firstStartedAt: Int64
  var paidMinor: Int64
  var discountMinor: Int64
  var rides: [ChainRide]
  /// What conditions see of the place of the first boarding; nil where none of them asks, and in states that
  /// older programs wrote.
  var firstPlace: PlaceMasks?
}

/// The sets of a tariff's conditions that a stop and a zone are in, also where they have no number.
struct PlaceMasks: Hashable, Sendable {
  var stop: UInt64
  var zone: UInt64
}

/// One ride of a chain; stops and zones by their numbers in the tariff's tables, -1 when not known.
struct ChainRide: Hashable, Sendable {
  var times: UInt64
  var onStop: Int32
  var offStop: Int32
  var onZone: Int32
  var offZone: Int32
  var on: Coordinate?
  var off: Coordinate?
  /// Metres by the operator's table; -1 when not known.
  var distanceMetres: Int32
}

/// A product in a rider's hands.
struct Holding: Hashable, Sendable {
  var tag: UInt32
  var boughtAt: Int64
  /// Microseconds of the first ride on it; `Int64.min` before it.
  var activatedAt: Int64
  var tripsUsed: Int32
  /// Microseconds of the last ride that used a trip; `Int64.min` before it.
  var lastTripAt: Int64
  /// Microseconds of the last ride on it and the hash of its vehicle, for products with a pass-back
  /// rule; `Int64.min` before it.
  var lastUseAt = Int64.min
  var lastVehicle: UInt32 = 0
}

/// Rides counted for a discount of repeated riding.
struct RideCount: Hashable, Sendable {
  var tag: UInt32
  var start: Int64
  var rides: Int32
}

/// A ride that tickets of the next day may still cover.
struct RecentRide: Hashable, Sendable {
  var on: FareTap
  var off: FareTap?
  /// What was due for its ticket, for one person; -1 when no fare was known.
  var paidMinor: Int64
  /// What its reason says that the category took off of the ticket.
  var reductionMinor: Int64 = 0
}

/// Where a rider who boards here usually gets off.
struct Habit: Hashable, Sendable {
  var from: UInt32
  var off: FareTap
  var times: Int32
}

/// Where and when a rider last tapped on.
struct LastVehicle: Hashable, Sendable {
  var vehicle: UInt32
  var at: Int64
}
