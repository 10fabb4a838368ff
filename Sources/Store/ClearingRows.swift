package import Basics
package import Transit

/// The name of a tap: the device, the life of its counter, and the number in it.
package struct TapName: Hashable, Sendable {
  package let device: String
  package let epoch: Int64
  package let seq: Int64

  /// Names a tap.
  package init(device: String, epoch: Int64, seq: Int64) {
    self.device = device
    self.epoch = epoch
    self.seq = seq
  }
}

extension TapName: Comparable {
  package static func < (left: TapName, right: TapName) -> Bool {
    (left.device, left.epoch, left.seq) < (right.device, right.epoch, right.seq)
  }
}

/// A row of `tap`: what the sorter found in the journal, under its rider's fare day.
package struct TapRow: Hashable, Sendable {
  package var name: TapName
  package var fareDay: Day
  package var rider: RiderID
  package var medium: MediumID
  /// When it was, corrected by the clock rule.
  package var at: Instant
  /// When it was by the validator's own clock.
  package var deviceAt: Instant
  package var kind: TapKind
  package var mediumKind: MediumKind
  package var riders: Int
  /// Why the validator let nobody in; nil when it did.
  package var denyReason: String?
  package var isAccepted: Bool
  package var vehicle: String?
  package var route: String?
  package var direction: Int?
  package var trip: String?
  package var stop: String?
  package var zone: String?
  package var coordinate: Coordinate?
  package var batchID: Int64
  package var receivedAt: Instant
  /// The deny list that the validator used.
  package var denyListVersion: Int64?
  /// Whether vehicle or stop is of the device's place: `vehicle`, `stop`; nil when the tap said it.
  package var assigned: String?

  /// Makes a row; what the tap does not say is nil.
  package init(
    name: TapName, fareDay: Day, rider: RiderID, medium: MediumID, at: Instant,
    deviceAt: Instant, kind: TapKind, mediumKind: MediumKind, riders: Int, batchID: Int64,
    receivedAt: Instant
  ) {
    self.name = name
    self.fareDay = fareDay
    self.rider = rider
    self.medium = medium
    self.at = at
    self.deviceAt = deviceAt
    self.kind = kind
    self.mediumKind = mediumKind
    self.riders = riders
    self.isAccepted = true
    self.batchID = batchID
    self.receivedAt = receivedAt
  }
}

/// A batch of the journal that waits to be sorted.
package struct UnsortedBatch: Sendable {
  package let batchID: Int64
  package let device: String
  package let epoch: Int64
  /// Numbers whose taps belong into the tap table: new with this batch, and possible.
  package let seqs: [Range<Int64>]
  package let sentAt: Instant
  package let receivedAt: Instant
  /// The signed bytes; taken away once they are read.
  package var body: StoredBody
}

/// A medium as the sorter met it: founded together with its rider when it is not known yet.
package struct NewMedium: Sendable {
  package let medium: MediumID
  package let kind: MediumKind
  package let firstSeenAt: Instant
  /// What a validator knows it by on the deny list.
  package let fingerprint: [UInt8]?

  /// Makes a medium with the moment of its first tap.
  package init(
    medium: MediumID, kind: MediumKind, firstSeenAt: Instant, fingerprint: [UInt8]? = nil
  ) {
    self.medium = medium
    self.kind = kind
    self.firstSeenAt = firstSeenAt
    self.fingerprint = fingerprint
  }
}

/// One fare day of one rider: the unit that is rated.
package struct RiderDay: Hashable, Sendable, Comparable {
  package let rider: RiderID
  package let fareDay: Day

  /// Names a rider's day.
  package init(rider: RiderID, fareDay: Day) {
    self.rider = rider
    self.fareDay = fareDay
  }

  /// The same rider's day before.
  package var before: RiderDay { RiderDay(rider: rider, fareDay: fareDay.adding(days: -1)) }

  /// By day first: a rider's earlier day is rated before the later one.
  package static func < (left: RiderDay, right: RiderDay) -> Bool {
    (left.fareDay, left.rider) < (right.fareDay, right.rider)
  }
}

/// A rider's day claimed for rating, with the state that stood after it and before it.
package struct ClaimedDay: Sendable {
  package let day: RiderDay
  /// State that the last rating of this day left; empty when it was never rated.
  package let stateAfter: [UInt8]
  /// State that the rider's nearest earlier day left; empty when there is none.
  package let stateBefore: [UInt8]
  /// The nearest earlier day that the rider has; nil when there is none.
  package let dayBefore: RiderDay?
  /// Whether it was rated before, so that rides may stand.
  package let wasRated: Bool
  package let cause: StaleCause
  /// Its accepted taps, all of which came in parcels; nil when they have to be looked up.
  ///
  /// Such a day has no row yet, and its rider no later one.
  package let parcelled: [TapRow]?

  /// Makes a claim.
  package init(
    day: RiderDay, stateAfter: [UInt8], stateBefore: [UInt8], dayBefore: RiderDay?,
    wasRated: Bool, cause: StaleCause, parcelled: [TapRow]? = nil
  ) {
    self.day = day
    self.stateAfter = stateAfter
    self.stateBefore = stateBefore
    self.dayBefore = dayBefore
    self.wasRated = wasRated
    self.cause = cause
    self.parcelled = parcelled
  }

  /// The same claim, following a day that is rated in the same pass.
  package func following(_ day: RiderDay) -> ClaimedDay {
    ClaimedDay(
      day: self.day, stateAfter: stateAfter, stateBefore: stateBefore, dayBefore: day,
      wasRated: wasRated, cause: cause, parcelled: parcelled)
  }
}

/// A ride that began on an earlier fare day than the one it belongs to: found by its rider and moment.
package struct OvernightRide: Hashable, Sendable {
  package let rider: RiderID
  package let startedAt: Instant

  /// Names a ride.
  package init(rider: RiderID, startedAt: Instant) {
    self.rider = rider
    self.startedAt = startedAt
  }
}

/// What a rating left of a rider's day.
package struct RatedDayRow: Sendable {
  package let day: RiderDay
  package let stateAfter: [UInt8]
  package let tariffVersion: String
  /// Whether the day after has to be rated again because this one ends differently now.
  package let stateChanged: Bool
  /// Whether a ride goes on into the next day.
  package let hasOpenRide: Bool
  /// Whether the day had no row before.
  package let isFirst: Bool
  /// Whether rides with media of stored value are charged, and no account is there to pay them.
  package var owes = false
  /// The network by which it was rated; nil without one.
  package let feedID: Int64?

  /// Makes a row of a day that owes nothing.
  package init(
    day: RiderDay, stateAfter: [UInt8], tariffVersion: String, stateChanged: Bool,
    hasOpenRide: Bool, isFirst: Bool, feedID: Int64?
  ) {
    self.feedID = feedID
    self.isFirst = isFirst
    self.day = day
    self.stateAfter = stateAfter
    self.tariffVersion = tariffVersion
    self.stateChanged = stateChanged
    self.hasOpenRide = hasOpenRide
  }
}

/// A row of `ride`: who rode, where, and why at this price.
package struct RideRow: Hashable, Sendable {
  package var day: RiderDay
  package var startedAt: Instant
  package var endedAt: Instant?
  package var boarding: TapName
  package var alighting: TapName?
  package var riders: Int
  package var category: String
  package var product: String
  package var mediumKind: MediumKind
  package var mode: Mode?
  package var operatorID: String?
  package var route: String?
  package var currency: Currency
  /// Price without caps and transfers in minor units; nil when the fare is not known.
  package var nominalMinor: Int64?
  /// What the rider owes in minor units; nil when the fare is not known.
  package var chargedMinor: Int64?
  package var tariffVersion: String
  /// The reason in the compact JSON of the Tariff room.
  package var reasonJSON: String

  /// Makes a row.
  package init(
    day: RiderDay, startedAt: Instant, endedAt: Instant?, boarding: TapName, alighting: TapName?,
    riders: Int, category: String, product: String, mediumKind: MediumKind, mode: Mode?,
    operatorID: String?, route: String?, currency: Currency, nominalMinor: Int64?,
    chargedMinor: Int64?, tariffVersion: String, reasonJSON: String
  ) {
    self.day = day
    self.startedAt = startedAt
    self.endedAt = endedAt
    self.boarding = boarding
    self.alighting = alighting
    self.riders = riders
    self.category = category
    self.product = product
    self.mediumKind = mediumKind
    self.mode = mode
    self.operatorID = operatorID
    self.route = route
    self.currency = currency
    self.nominalMinor = nominalMinor
    self.chargedMinor = chargedMinor
    self.tariffVersion = tariffVersion
    self.reasonJSON = reasonJSON
  }
}

/// A ride that stands in the sub-ledger, with its row number.
package struct StandingRide: Hashable, Sendable {
  package let rideID: Int64
  package let ride: RideRow

  /// Makes a standing ride.
  package init(rideID: Int64, ride: RideRow) {
    self.rideID = rideID
    self.ride = ride
  }
}

/// A category a rider has a proof for, from one fare day to another, both inclusive.
package struct EntitlementRow: Hashable, Sendable {
  package let rider: RiderID
  package let category: String
  package let validFrom: Day
  package let validTo: Day?
}

/// A pass of the worker over stale rider-days.
package struct ClearingRunRow: Sendable {
  package let lane: Int16
  package let accountingDate: Day
  package let startedAt: Instant
  package let riderDays: Int
  package let taps: Int
  package let ridesAdded: Int
  package let ridesReversed: Int
  /// What made its rider-days stale.
  package let causes: [RunCause]

  /// Makes a row.
  package init(
    lane: Int16, accountingDate: Day, startedAt: Instant, riderDays: Int, taps: Int,
    ridesAdded: Int, ridesReversed: Int, causes: [RunCause] = []
  ) {
    self.causes = causes
    self.lane = lane
    self.accountingDate = accountingDate
    self.startedAt = startedAt
    self.riderDays = riderDays
    self.taps = taps
    self.ridesAdded = ridesAdded
    self.ridesReversed = ridesReversed
  }
}

/// What of a clearing run one cause made.
package struct RunCause: Hashable, Sendable {
  package let cause: StaleCause
  package var riderDays = 0
  package var ridesAdded = 0
  package var ridesReversed = 0

  /// Starts at nothing.
  package init(_ cause: StaleCause) { self.cause = cause }
}
