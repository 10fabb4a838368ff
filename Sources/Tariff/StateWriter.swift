import Basics
import Transit

/// Writes numbers in as few bytes as they need.
struct StateWriter {
  var bytes: [UInt8] = []

  mutating func byte(_ value: UInt8) { bytes.append(value) }

  mutating func fixed(_ value: UInt32) {
    for shift in [24, 16, 8, 0] as [UInt32] {
      bytes.append(UInt8(truncatingIfNeeded: value >> shift))
    }
  }

  mutating func fixed(_ value: UInt64) {
    fixed(UInt32(truncatingIfNeeded: value >> 32))
    fixed(UInt32(truncatingIfNeeded: value))
  }

  /// Zigzag and seven bits a byte, as protobuf does.
  mutating func integer(_ value: Int64) {
    var rest = UInt64(bitPattern: (value << 1) ^ (value >> 63))
    while rest >= 128 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 128)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  mutating func text(_ value: String) {
    integer(Int64(value.utf8.count))
    bytes += value.utf8
  }

  mutating func list<T>(_ values: [T], _ write: (inout StateWriter, T) -> Void) {
    integer(Int64(values.count))
    for value in values { write(&self, value) }
  }

  mutating func optional<T>(_ value: T?, _ write: (inout StateWriter, T) -> Void) {
    byte(value == nil ? 0 : 1)
    if let value { write(&self, value) }
  }

  mutating func place(_ value: Coordinate?) {
    optional(value) { writer, place in
      writer.fixed(place.latitude.bitPattern)
      writer.fixed(place.longitude.bitPattern)
    }
  }

  mutating func window(_ window: TransferWindow) {
    fixed(window.tag)
    integer(window.startedAt)
    integer(window.creditMinor)
    integer(window.lastPriceMinor)
    for tag in [window.firstService, window.lastService, window.lastRoute, window.lastStop] {
      fixed(tag)
    }
    integer(Int64(window.lastDirection))
    integer(Int64(window.count))
  }

  mutating func chain(_ chain: ChainState) {
    for tag in [
      chain.version, chain.tag, chain.service, chain.lastStop, chain.lastRoute,
    ] { fixed(tag) }
    for value in [
      chain.lastEndedAt, chain.lastStartedAt, Int64(chain.lastDay), chain.firstStartedAt,
      chain.paidMinor, chain.discountMinor,
    ] {
      integer(value)
    }
    list(chain.rides) { writer, ride in
      writer.fixed(ride.times)
      for value in [ride.onStop, ride.offStop, ride.onZone, ride.offZone, ride.distanceMetres] {
        writer.integer(Int64(value))
      }
      writer.place(ride.on)
      writer.place(ride.off)
    }
  }

  mutating func placeMasks(_ place: PlaceMasks) {
    fixed(place.stop)
    fixed(place.zone)
  }

  mutating func evening(_ evening: OpenEvening) {
    integer(Int64(evening.before.count))
    bytes += evening.before
    list(evening.days) { writer, part in
      writer.integer(Int64(part.day.number))
      writer.list(part.taps) { $0.tap($1) }
      writer.list(part.purchases) { writer, purchase in
        writer.text(purchase.product)
        writer.integer(purchase.at.microseconds)
      }
    }
  }

  mutating func tap(_ tap: FareTap) {
    integer(tap.at.microseconds)
    text(tap.kind.rawValue)
    text(tap.medium.rawValue)
    integer(Int64(tap.riders))
    text(tap.category)
    for value in [
      tap.mode?.rawValue, tap.operatorID, tap.route, tap.vehicle, tap.stop, tap.zone, tap.modeName,
      tap.mediumName,
    ] {
      optional(value) { $0.text($1) }
    }
    place(tap.coordinate)
    for value in [tap.distanceMetres, tap.stopCount, tap.direction] {
      optional(value) { $0.integer(Int64($1)) }
    }
  }
}
