package import Basics
package import Transit

/// What the validator told the rider.
package enum TapResult: Hashable, Sendable {
  /// Let in.
  case accepted
  /// Turned away, with the device's own word for why when it gave one.
  case denied(reason: String?)
}

/// One touch of a medium at a validator, as the device recorded it.
package struct Tap: Hashable, Sendable {
  /// Number the device gave it: from 1, without holes, anew in each epoch.
  package var seq: Int64
  /// When it happened by the device's clock.
  package var at: Instant
  package var kind: TapKind
  package var medium: MediumKind
  /// What names the medium, 1 to `TapLimits.tokenBytesMax` bytes; never a card number.
  package var token: [UInt8]
  /// People who ride on this tap.
  package var riders: Int
  package var result: TapResult
  package var vehicle: String?
  package var route: String?
  package var direction: Int?
  package var trip: String?
  package var stop: String?
  package var zone: String?
  package var coordinate: Coordinate?

  /// Makes a tap; what a device may leave out may be left out here too.
  package init(
    seq: Int64, at: Instant, kind: TapKind, medium: MediumKind, token: [UInt8], riders: Int = 1,
    result: TapResult = .accepted, vehicle: String? = nil, route: String? = nil,
    direction: Int? = nil, trip: String? = nil, stop: String? = nil, zone: String? = nil,
    coordinate: Coordinate? = nil
  ) {
    self.seq = seq
    self.at = at
    self.kind = kind
    self.medium = medium
    self.token = token
    self.riders = riders
    self.result = result
    self.vehicle = vehicle
    self.route = route
    self.direction = direction
    self.trip = trip
    self.stop = stop
    self.zone = zone
    self.coordinate = coordinate
  }
}

/// Taps that a device sends in one signed body.
package struct TapBatch: Hashable, Sendable {
  package var device: String
  /// Grows when the device's counter starts anew; from 0.
  package var epoch: Int64
  /// When the device made the body, by its own clock.
  package var sentAt: Instant
  /// Version of the tariff the device holds.
  package var tariffVersion: String?
  /// Version of the deny list the device holds.
  package var denyListVersion: Int64?
  package var taps: [Tap]

  /// Makes a batch.
  package init(
    device: String, epoch: Int64, sentAt: Instant, tariffVersion: String? = nil,
    denyListVersion: Int64? = nil, taps: [Tap]
  ) {
    self.device = device
    self.epoch = epoch
    self.sentAt = sentAt
    self.tariffVersion = tariffVersion
    self.denyListVersion = denyListVersion
    self.taps = taps
  }
}

/// Limits of what a device may send; past them a body is refused whole and nothing is stored.
package enum TapLimits {
  /// Most taps in a batch.
  package static let tapsPerBatchMax = 1000
  /// Most bytes of a body, before and after unpacking.
  package static let bodyBytesMax = 1 << 20
  /// Most bytes of a token.
  package static let tokenBytesMax = 64
  /// Most UTF-8 bytes of a name: device, vehicle, route, trip, stop, zone, version, reason.
  package static let textBytesMax = 128
  /// Largest number of a tap: one below the largest 64-bit number, so that a range may end after it.
  package static let seqMax = Int64.max - 1
  /// Largest epoch of a device: as far as every JSON reader tells whole numbers apart (RFC 7493).
  ///
  /// Other hardware gets higher ones than the device posted, which have to fit as well.
  package static let epochMax: Int64 = 1 << 53
  /// Moments that a time may name, in microseconds since 1970: years 0 to 9999, UTC.
  package static let microsecondsKnown: ClosedRange<Int64> =
    -62_167_219_200_000_000...253_402_300_799_999_999
  /// Most lists and objects inside one another, in keys that are not known.
  package static let depthMax = 16
}
