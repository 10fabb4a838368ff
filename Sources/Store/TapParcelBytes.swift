import Basics
import Transit

// Taps of one rider lane and fare day as bytes: what rating reads of them, each text and batch once.

/// The numbers by which parcels name words; they never change, programs of two versions may meet.
private enum ParcelWords {
  static let format: UInt8 = 1
  static let kinds: [TapKind] = [.on, .off, .single]
  static let media: [MediumKind] = [.card, .bank, .phone, .qr]
}

/// Bits of what a tap has beside what every tap has.
private struct TapMarks: OptionSet {
  let rawValue: UInt8

  static let otherMedium = TapMarks(rawValue: 1)
  static let otherClock = TapMarks(rawValue: 2)
  static let coordinate = TapMarks(rawValue: 4)
}

/// Numbers of the tap before, from which those of a tap are counted.
private struct LastNumbers {
  var at: Int64 = 0
  var batch: Int64 = 0
  var receivedAt: Int64 = 0
}

/// Writes the taps of a parcel one after the other.
struct TapParcelWriter {
  /// The riders in the order of their first taps.
  private(set) var riders: [RiderID] = []
  private(set) var tapCount = 0
  private(set) var bytes: [UInt8] = [ParcelWords.format]
  private var riderPlaces: [RiderID: Int] = [:]
  private var textPlaces: [String: Int] = [:]
  /// What stood last in each of the columns of texts, with its place: most taps come from the same device
  /// and vehicle as the one before.
  private var lastTexts = [(text: String, place: UInt64)](
    repeating: ("", 0), count: TextColumn.allCases.count)
  private var last = LastNumbers()

  private enum TextColumn: Int, CaseIterable {
    case device, vehicle, route, trip, stop, zone
  }

  mutating func add(_ tap: TapRow) {
    tapCount += 1
    riderPlace(tap.rider)
    var marks: TapMarks = []
    if (tap.medium.high, tap.medium.low) != (tap.rider.high, tap.rider.low) {
      marks.insert(.otherMedium)
    }
    if tap.deviceAt != tap.at { marks.insert(.otherClock) }
    if tap.coordinate != nil { marks.insert(.coordinate) }
    bytes.append(marks.rawValue)
    if marks.contains(.otherMedium) { fixed(tap.medium.high, tap.medium.low) }
    signed(tap.at.microseconds &- last.at)
    if marks.contains(.otherClock) { signed(tap.deviceAt.microseconds &- tap.at.microseconds) }
    text(tap.name.device, .device)
    signed(tap.name.epoch)
    signed(tap.name.seq)
    bytes.append(UInt8(truncatingIfNeeded: Self.place(of: tap.kind, in: ParcelWords.kinds)))
    bytes.append(UInt8(truncatingIfNeeded: Self.place(of: tap.mediumKind, in: ParcelWords.media)))
    unsigned(UInt64(tap.riders))
    textOrNil(tap.vehicle, .vehicle)
    textOrNil(tap.route, .route)
    textOrNil(tap.trip, .trip)
    textOrNil(tap.stop, .stop)
    textOrNil(tap.zone, .zone)
    signed(tap.direction.map { Int64($0) + 1 } ?? 0)
    if let coordinate = tap.coordinate {
      fixed(coordinate.latitude.bitPattern, coordinate.longitude.bitPattern)
    }
    signed(tap.batchID &- last.batch)
    signed(tap.receivedAt.microseconds &- last.receivedAt)
    last = LastNumbers(
      at: tap.at.microseconds, batch: tap.batchID, receivedAt: tap.receivedAt.microseconds)
  }

  private static func place<Word: Equatable>(of word: Word, in words: [Word]) -> Int {
    guard let place = words.firstIndex(of: word) else {
      preconditionFailure("a word that parcels have no number for")
    }
    return place
  }

  private mutating func riderPlace(_ rider: RiderID) {
    let place = riderPlaces[rider] ?? riders.count
    if place == riders.count {
      riderPlaces[rider] = place
      riders.append(rider)
    }
    unsigned(UInt64(place))
  }

  private mutating func textOrNil(_ value: String?, _ column: TextColumn) {
    guard let value else { return unsigned(0) }
    text(value, column)
  }

  /// The place of a text from one on; a text that is new follows its place.
  private mutating func text(_ value: String, _ column: TextColumn) {
    let last = lastTexts[column.rawValue]
    if last.place > 0, last.text == value { return unsigned(last.place) }
    let place = textPlaces[value] ?? textPlaces.count + 1
    unsigned(UInt64(place))
    lastTexts[column.rawValue] = (value, UInt64(place))
    guard place > textPlaces.count else { return }
    textPlaces[value] = place
    unsigned(UInt64(value.utf8.count))
    bytes.append(contentsOf: value.utf8)
  }

  private mutating func signed(_ value: Int64) {
    unsigned(UInt64(bitPattern: value << 1 ^ value >> 63))
  }

  private mutating func unsigned(_ value: UInt64) {
    var rest = value
    while rest > 127 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 128)
      rest >>= 7
    }
    bytes.append(UInt8(truncatingIfNeeded: rest))
  }

  private mutating func fixed(_ high: UInt64, _ low: UInt64) {
    for value in [high, low] {
      for shift in stride(from: 56, through: 0, by: -8) {
        bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(shift)))
      }
    }
  }
}

/// Reads what `TapParcelWriter` wrote.
struct TapParcelReader {
  private let bytes: [UInt8]
  private let riders: [RiderID]
  private let fareDay: Day
  private var at = 0
  private var texts: [String] = []
  private var last = LastNumbers()
  private var isBroken = false

  init(_ bytes: [UInt8], riders: [RiderID], fareDay: Day) {
    self.bytes = bytes
    self.riders = riders
    self.fareDay = fareDay
    isBroken = byte() != ParcelWords.format
  }

  /// Whether all was read and nothing was wrong.
  var isWhole: Bool { !isBroken && at == bytes.count }

  /// The next tap and the place of its rider; nil at the end, or where the bytes are damaged.
  mutating func next() -> (riderPlace: Int, tap: TapRow)? {
    guard !isBroken, at < bytes.count else { return nil }
    let place = small()
    guard riders.indices.contains(place) else { return broken() }
    let rider = riders[place]
    let marks = TapMarks(rawValue: byte())
    var medium = MediumID(high: rider.high, low: rider.low)
    if marks.contains(.otherMedium) { medium = MediumID(high: fixed(), low: fixed()) }
    let tappedAt = last.at &+ signed()
    let deviceAt = marks.contains(.otherClock) ? tappedAt &+ signed() : tappedAt
    guard let device = text() else { return broken() }
    let name = TapName(device: device, epoch: signed(), seq: signed())
    let words = (Int(byte()), Int(byte()))
    guard ParcelWords.kinds.indices.contains(words.0), ParcelWords.media.indices.contains(words.1)
    else { return broken() }
    var tap = TapRow(
      name: name, fareDay: fareDay, rider: rider, medium: medium,
      at: Instant(microseconds: tappedAt), deviceAt: Instant(microseconds: deviceAt),
      kind: ParcelWords.kinds[words.0], mediumKind: ParcelWords.media[words.1], riders: small(),
      batchID: 0, receivedAt: Instant(microseconds: 0))
    tap.vehicle = text()
    tap.route = text()
    tap.trip = text()
    tap.stop = text()
    tap.zone = text()
    let direction = signed()
    if direction > 0 { tap.direction = Int(direction) - 1 }
    if marks.contains(.coordinate) {
      tap.coordinate = Coordinate(
        latitude: Double(bitPattern: fixed()), longitude: Double(bitPattern: fixed()))
    }
    tap.batchID = last.batch &+ signed()
    let receivedAt = last.receivedAt &+ signed()
    tap.receivedAt = Instant(microseconds: receivedAt)
    last = LastNumbers(at: tappedAt, batch: tap.batchID, receivedAt: receivedAt)
    return isBroken ? nil : (place, tap)
  }

  private mutating func broken() -> (riderPlace: Int, tap: TapRow)? {
    isBroken = true
    return nil
  }

  /// A text by its place; nil where there is none.
  private mutating func text() -> String? {
    let place = small()
    guard place > 0 else { return nil }
    if place <= texts.count { return texts[place - 1] }
    let count = small()
    guard place == texts.count + 1, count <= bytes.count - at,
      let text = String(validating: bytes[at..<at + count], as: UTF8.self)
    else {
      isBroken = true
      return nil
    }
    at += count
    texts.append(text)
    return text
  }

  private mutating func signed() -> Int64 {
    let value = unsigned()
    return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
  }

  private mutating func small() -> Int {
    guard let value = Int(exactly: unsigned()) else {
      isBroken = true
      return 0
    }
    return value
  }

  private mutating func unsigned() -> UInt64 {
    var value: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 64, by: 7) {
      let next = byte()
      value |= UInt64(next & 127) << shift
      if next < 128 { return value }
    }
    isBroken = true
    return 0
  }

  private mutating func fixed() -> UInt64 {
    var value: UInt64 = 0
    for _ in 0..<8 { value = value << 8 | UInt64(byte()) }
    return value
  }

  private mutating func byte() -> UInt8 {
    guard at < bytes.count else {
      isBroken = true
      return 0
    }
    at += 1
    return bytes[at - 1]
  }
}
