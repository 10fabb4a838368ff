import Basics

/// A moment of a ride that a window is measured from or to.
enum RideMoment: String, Sendable, CaseIterable { case departure, arrival }

/// When a running window is measured anew.
enum WindowExtension: String, Sendable, CaseIterable {
  /// Always from the first ride.
  case never
  /// From the ride before.
  case always
  /// From the last ride that had to pay something.
  case whenPaid = "when_paid"
}

/// A length of time with its boundary and what it is measured between.
struct LinkWindow: Sendable {
  var microseconds: Int64
  var from = RideMoment.departure
  var to = RideMoment.departure
  /// Whether a ride exactly at the end is still inside.
  var isEndInclusive = true

  func contains(from start: Int64, to moment: Int64) -> Bool {
    let passed = moment - start
    return isEndInclusive ? passed <= microseconds : passed < microseconds
  }

  /// Whether a moment is inside of the window and not before its start: a ride that began while another one
  /// was open does not follow its arrival.
  func isFollowed(from start: Int64, to moment: Int64) -> Bool {
    moment >= start && contains(from: start, to: moment)
  }
}

/// What a ride on a running transfer pays.
enum TransferCharge: Hashable, Sendable {
  case free
  /// The whole price, and a new transfer begins.
  case new
  /// The whole price, and the running transfer goes on as if the ride were not there.
  case beside
  /// What the ride costs more than what was paid on the transfer.
  case difference
  /// What the ride costs more than the ride before.
  case differenceToLast
  case supplement(node: Int32)
  case discount(node: Int32)
  case share(PriceShare)
}

/// Rides that are cheap after other rides.
struct TransferRule: Sendable {
  var name: String
  var tag: UInt32
  /// Rides that take part; all others neither use nor end the transfer.
  var condition: RideCondition
  /// Rides that end a running transfer and take no part.
  var breaks: RideCondition?
  var window: LinkWindow
  var extends: WindowExtension
  /// Most rides after the first.
  var countMax: Int
  /// Another limit when the first ride was of a service, by the service's hash.
  var countByFirst: [UInt32: Int]
  var charge: TransferCharge
  /// By hash of the service before and number of the service after.
  var pairs: [UInt64: TransferCharge]
  /// Whether the same route again, or the same route back, is no transfer.
  var refusesSameRoute: Bool
  var refusesSameStop: Bool
  var refusesReturn: Bool
  var onlySameRoute: Bool
  var isSameDayOnly: Bool
  /// Rides whose window is tested when they end.
  var paysOnExit: RideCondition?
  var line: Int
}

/// What the rides of a chain are priced by.
enum ChainMeasure: String, Sendable, CaseIterable {
  /// The longest distance between any boarding and any alighting in the chain.
  case longest
  /// From the first boarding to the last alighting.
  case ends
  /// The distances of all rides together.
  case sum
}

/// Linked rides that cost what one ride would.
struct ChainRule: Sendable {
  var name: String
  var tag: UInt32
  var condition: RideCondition
  var window: LinkWindow
  var isSameDayOnly: Bool
  /// Rides of one service are one chain; otherwise rides of all services are.
  var joinsSameServiceOnly: Bool
  var measure: ChainMeasure
  /// What a chain that follows another is discounted by.
  var changeDiscount: Int32?
  /// Most rides after the first.
  var countMax: Int
  /// Longest time from the first boarding to the last; nil when there is no limit.
  var wholeMicroseconds: Int64?
  var refusesSameRoute: Bool
  /// Pairs of stops between which a rider may walk; nil lets any two stops link.
  var interchanges: Set<UInt64>?
  var line: Int
}

/// How long a cap runs.
enum CapPeriod: Hashable, Sendable {
  case day
  case week
  case month
  case year
  /// Fare days from the first ride.
  case rollingDays(Int)
  /// Microseconds from the first ride.
  case rollingTime(Int64)
  /// Months from the fare day of the first ride.
  case rollingMonths(Int)
  /// As long as a product that the rider bought, by the hash of its name.
  case product(UInt32)
}

/// The most that a rider pays in a period.
struct CapRule: Sendable {
  var name: String
  var tag: UInt32
  /// Rides that count and are held.
  var condition: RideCondition
  var period: CapPeriod
  /// Node of the amount; -1 when there is none, or when levels say it.
  var amount: Int32
  /// Most paid rides; 0 when there is no such limit.
  var ridesMax: Int
  /// From the lowest to the highest; the highest reached so far sets the cap.
  var levels: [CapLevel]
  /// Sets of zones from the cheapest on; the first that holds all zones of the period sets the cap.
  var zoneSets: [CapZoneSet] = []
  /// Whether the last ride is charged whole although it passes the cap.
  var chargesLastWhole: Bool
  var line: Int
}

/// A height of a cap and the rides that lift it there.
struct CapLevel: Sendable {
  var condition: RideCondition
  var node: Int32
}

/// A set of zones and the height of a cap for riders who stay inside it.
struct CapZoneSet: Sendable {
  var mask: UInt64
  var node: Int32
}

/// A fee on top of the fare.
struct SurchargeRule: Sendable {
  var name: String
  var condition: RideCondition
  var node: Int32
  var countsToCaps: Bool
}

/// A discount of repeated riding: every second ride, or after eight rides in a week.
struct RepeatRule: Sendable {
  var name: String
  var tag: UInt32
  var condition: RideCondition
  /// Rides counted over; nil when they are counted for ever.
  var period: CapPeriod?
  /// Each ride whose number divides by it; 0 when `after` decides.
  var every: Int
  /// Rides after so many.
  var after: Int
  var share: PriceShare
}

/// How long a product is valid.
enum ProductValidity: Hashable, Sendable {
  /// Fare days from its first, which counts as one.
  case days(Int)
  case microseconds(Int64)
  case calendarMonth
  /// Months from the fare day of its first; over on the fare day of the same date.
  case months(Int)
}

/// A pass or a carnet.
struct ProductRule: Sendable {
  var name: String
  var tag: UInt32
  var condition: RideCondition
  var validity: ProductValidity
  /// Whether validity begins with the first ride and not with the purchase.
  var startsAtFirstUse: Bool
  /// Rides on it; 0 when there is no limit.
  var tripsMax: Int
  /// Rides after one that used a trip which use none.
  var transfer: LinkWindow?
  var transferCondition: RideCondition
  /// After a ride on it, a boarding of the same vehicle sooner than this is not carried; 0 for never.
  var passBackMicroseconds: Int64 = 0
  var priceNode: Int32
  /// How much of a ride's price it pays; -1 for all of it.
  var coverNode: Int32 = -1
}

/// A rider category.
struct CategoryRule: Sendable {
  var name: String
  var title: Bilingual
  /// Rides at no charge that are recorded.
  var isFree: Bool
  /// The category whose price is taken; -1 for its own.
  var pricedAs: Int32
  var share: PriceShare?
  /// The product that proves the category; 0 when none is asked for.
  var proofTag: UInt32
  /// The category of a rider whose proof is over.
  var withoutProof: Int32
}

/// What a ride without a tap off costs.
enum IncompleteCharge: Sendable, Equatable {
  /// The dearest price from where it began.
  case dearest
  /// The price to the last stop of the line.
  case endOfLine
  case node(Int32)
  case unknown
}

/// A station that is excused for missing taps off.
struct Waiver: Sendable {
  var stopMask: UInt64
  var from: Int64
  var until: Int64
  var node: Int32
}

/// How taps become rides.
struct TappingRules: Sendable {
  /// Longest time between on and off in microseconds; nil when there is none.
  var limitMicroseconds: Int64?
  var isLimitInclusive = true
  /// Whether on and off at one stop make no ride, and within which time (nil: any).
  var cancelsSameStop = false
  var cancelMicroseconds: Int64?
  var incomplete = IncompleteCharge.dearest
  /// Whether on and off belong together only on one vehicle.
  var pairsByVehicle = false
  /// Times that a habit must have been seen before it completes a ride; 0 when it never does.
  var habitTimes = 0
  var waivers: [Waiver] = []
  /// Second taps on one vehicle within this time are not charged again.
  var passBackMicroseconds: Int64 = 0
  var passBackCondition = RideCondition.always
}

/// A ticket that covers a run of rides.
struct TicketRule: Sendable {
  var name: String
  /// What must be true of each ride on it.
  var condition: RideCondition
  /// What must be true of its first ride.
  var firstCondition: RideCondition
  /// Zones that the ticket is valid in; nil when zones do not matter.
  var zoneMask: UInt64?
  var window: LinkWindow?
  var ridesMax: Int
  /// Conditions of a ride and of the next ride that may follow it; empty when any may.
  var follows: [TicketStep]
  var refuses: [TicketStep]
  var node: Int32

  /// The longest of the times in which a ride may let others follow; 0 when there is none.
  var longestMicroseconds: Int64 {
    ([window] + follows.map(\.window)).compactMap { $0?.microseconds }.max() ?? 0
  }
}

/// Two rides one after the other on a ticket.
struct TicketStep: Sendable {
  var from: RideCondition
  var to: RideCondition
  /// What may follow does so for this time from the ticket's first ride, what is refused from the ride before.
  var window: LinkWindow?
}

/// What happens to stored value.
struct StoredValueRule: Sendable {
  /// Fee of an automatic top-up, a share of what was missing.
  var topUpFee: PriceShare?
}
