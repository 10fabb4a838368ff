import Basics
import Transit

/// Reads what `StateWriter` wrote; after a fault everything reads as zero and `isWhole` is false.
struct StateReader {
  let bytes: [UInt8]
  var at = 0
  var isBroken = false

  init(bytes: [UInt8]) { self.bytes = bytes }

  /// Whether all was read and nothing was wrong.
  var isWhole: Bool { !isBroken && at == bytes.count }

  mutating func byte() -> UInt8 {
    guard at < bytes.count else {
      isBroken = true
      return 0
    }
    at += 1
    return bytes[at - 1]
  }

  mutating func fixed() -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 { value = value << 8 | UInt32(byte()) }
    return value
  }

  mutating func wide() -> UInt64 { UInt64(fixed()) << 32 | UInt64(fixed()) }

  mutating func integer() -> Int64 {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while true {
      let next = byte()
      guard shift < 64 else {
        isBroken = true
        return 0
      }
      value |= UInt64(next & 127) << shift
      if next < 128 { break }
      shift += 7
    }
    return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
  }

  /// A number of a narrower type.
  mutating func small<T: FixedWidthInteger>() -> T {
    guard let value = T(exactly: integer()) else {
      isBroken = true
      return 0
    }
    return value
  }

  mutating func text() -> String {
    let count = integer()
    guard count >= 0, count <= Int64(bytes.count - at) else {
      isBroken = true
      return ""
    }
    let end = at + Int(count)
    guard let text = String(validating: bytes[at..<end], as: UTF8.self) else {
      isBroken = true
      return ""
    }
    at = end
    return text
  }

  mutating func list<T>(_ read: (inout StateReader) -> T) -> [T] {
    let count = integer()
    guard count >= 0, count <= Int64(bytes.count - at) else {
      isBroken = true
      return []
    }
    var values: [T] = []
    for _ in 0..<count where !isBroken { values.append(read(&self)) }
    return values
  }

  mutating func optional<T>(_ read: (inout StateReader) -> T) -> T? {
    switch byte() {
    case 0: return nil
    case 1: return read(&self)
    default:
      isBroken = true
      return nil
    }
  }

  mutating func named<T: RawRepresentable>(_ fallback: T) -> T where T.RawValue == String {
    guard let value = T(rawValue: text()) else {
      isBroken = true
      return fallback
    }
    return value
  }

  mutating func place() -> Coordinate? {
    optional { reader in
      Coordinate(
        latitude: Double(bitPattern: reader.wide()), longitude: Double(bitPattern: reader.wide()))
    }
  }

  mutating func window() -> TransferWindow {
    TransferWindow(
      tag: fixed(), startedAt: integer(), creditMinor: integer(), lastPriceMinor: integer(),
      firstService: fixed(), lastService: fixed(), lastRoute: fixed(), lastStop: fixed(),
      lastDirection: small(), count: small())
  }

  mutating func chain() -> ChainState {
    let version = fixed()
    let tag = fixed()
    let service = fixed()
    let lastStop = fixed()
    let lastRoute = fixed()
    return ChainState(
      version: version, tag: tag, service: service, lastEndedAt: integer(),
      lastStartedAt: integer(), lastDay: small(), lastStop: lastStop, lastRoute: lastRoute,
      firstStartedAt: integer(), paidMinor: integer(), discountMinor: integer(),
      rides: list { reader in
        let times = reader.wide()
        let numbers: [Int32] = (0..<5).map { _ in reader.small() }
        return ChainRide(
          times: times, onStop: numbers[0], offStop: numbers[1], onZone: numbers[2],
          offZone: numbers[3], on: reader.place(), off: reader.place(), distanceMetres: numbers[4])
      })
  }

  mutating func placeMasks() -> PlaceMasks { PlaceMasks(stop: wide(), zone: wide()) }

  mutating func tap() -> FareTap {
    var tap = FareTap(
      ref: RatedRide.carriedRef, at: Instant(microseconds: integer()), kind: named(.single),
      medium: named(.card), riders: small(), category: text(),
      mode: optional { $0.named(.bus) }, operatorID: optional { $0.text() })
    tap.route = optional { $0.text() }
    tap.vehicle = optional { $0.text() }
    tap.stop = optional { $0.text() }
    tap.zone = optional { $0.text() }
    tap.modeName = optional { $0.text() }
    tap.mediumName = optional { $0.text() }
    tap.coordinate = place()
    tap.distanceMetres = optional { $0.small() }
    tap.stopCount = optional { $0.small() }
    tap.direction = optional { $0.small() }
    return tap
  }
}
