import Basics
import Transit

/// What the bytes of a state may hold beside what they always did.
private struct StateParts: OptionSet {
  let rawValue: UInt8

  /// The sets of zones that a cap's rides have left, and the last use of a product.
  static let lastUses = StateParts(rawValue: 1)
  /// What a category took off of the tickets of rides that the next day may share.
  static let reductions = StateParts(rawValue: 2)
  /// The days on which rides began behind an open one.
  static let evening = StateParts(rawValue: 4)
  /// The place of the first boarding of a chain.
  static let firstPlace = StateParts(rawValue: 8)
}

/// A format of the bytes of a state, by the number that they begin with.
private struct StateFormat {
  let number: UInt8
  let parts: StateParts

  /// All that are read, from the oldest on; 4 was never in a release, and any other is refused.
  static let all = [
    StateFormat(number: 1, parts: []),
    StateFormat(number: 2, parts: [.lastUses]),
    StateFormat(number: 3, parts: [.lastUses, .reductions]),
    StateFormat(number: 5, parts: [.lastUses, .reductions, .evening]),
    StateFormat(number: 6, parts: [.lastUses, .reductions, .firstPlace]),
    StateFormat(number: 7, parts: [.lastUses, .reductions, .evening, .firstPlace]),
  ]
}

extension StateFormat {
  /// The oldest format that holds a state: the bytes of nearly all states stay what they were.
  init(holding state: RiderState) {
    var needed: StateParts = .lastUses
    if state.recent.contains(where: { $0.reductionMinor != 0 }) { needed.insert(.reductions) }
    if state.evening != nil { needed.insert(.evening) }
    if state.chain?.firstPlace != nil { needed.insert(.firstPlace) }
    guard let oldest = StateFormat.all.first(where: { $0.parts.isSuperset(of: needed) }) else {
      preconditionFailure("the newest format holds all parts")
    }
    self = oldest
  }
}

extension RiderState {
  /// The state for storage: the same state always gives the same bytes.
  package var bytes: [UInt8] {
    var writer = StateWriter()
    let format = StateFormat(holding: self)
    writer.byte(format.number)
    writer.list(caps) { writer, cap in
      writer.fixed(cap.tag)
      writer.integer(cap.start)
      writer.integer(cap.spentMinor)
      writer.integer(Int64(cap.rides))
      writer.integer(Int64(cap.level))
      writer.integer(Int64(bitPattern: cap.setsLeft))
    }
    writer.list(windows) { $0.window($1) }
    writer.optional(chain) { writer, chain in
      writer.chain(chain)
      if let place = chain.firstPlace { writer.placeMasks(place) }
    }
    writer.list(holdings) { writer, holding in
      writer.fixed(holding.tag)
      writer.integer(holding.boughtAt)
      writer.integer(holding.activatedAt)
      writer.integer(Int64(holding.tripsUsed))
      writer.integer(holding.lastTripAt)
      writer.integer(holding.lastUseAt)
      writer.fixed(holding.lastVehicle)
    }
    writer.list(counts) { writer, count in
      writer.fixed(count.tag)
      writer.integer(count.start)
      writer.integer(Int64(count.rides))
    }
    writer.optional(boarding) { $0.tap($1) }
    writer.list(recent) { writer, ride in
      writer.tap(ride.on)
      writer.optional(ride.off) { $0.tap($1) }
      writer.integer(ride.paidMinor)
      if format.parts.contains(.reductions) { writer.integer(ride.reductionMinor) }
    }
    writer.list(habits) { writer, habit in
      writer.fixed(habit.from)
      writer.tap(habit.off)
      writer.integer(Int64(habit.times))
    }
    writer.optional(balanceMinor) { $0.integer($1) }
    writer.optional(lastVehicle) { writer, last in
      writer.fixed(last.vehicle)
      writer.integer(last.at)
    }
    if let evening { writer.evening(evening) }
    return writer.bytes
  }

  /// Reads what `bytes` wrote; nil when it is anything else.
  package init?(bytes: [UInt8]) {
    self.init(bytes: bytes, of: StateFormat.all)
  }

  /// Reads a state that another one keeps, which itself keeps none.
  fileprivate init?(kept bytes: [UInt8]) {
    self.init(bytes: bytes, of: StateFormat.all.filter { !$0.parts.contains(.evening) })
  }

  private init?(bytes: [UInt8], of formats: [StateFormat]) {
    var reader = StateReader(bytes: bytes)
    let number = reader.byte()
    guard let parts = formats.first(where: { $0.number == number })?.parts else { return nil }
    caps = reader.list { reader in
      CapCount(
        tag: reader.fixed(), start: reader.integer(), spentMinor: reader.integer(),
        rides: reader.small(), level: reader.small(),
        setsLeft: parts.contains(.lastUses) ? UInt64(bitPattern: reader.integer()) : 0)
    }
    windows = reader.list { $0.window() }
    chain = reader.optional { reader in
      var chain = reader.chain()
      if parts.contains(.firstPlace) { chain.firstPlace = reader.placeMasks() }
      return chain
    }
    holdings = reader.list { reader in
      Holding(
        tag: reader.fixed(), boughtAt: reader.integer(), activatedAt: reader.integer(),
        tripsUsed: reader.small(), lastTripAt: reader.integer(),
        lastUseAt: parts.contains(.lastUses) ? reader.integer() : .min,
        lastVehicle: parts.contains(.lastUses) ? reader.fixed() : 0)
    }
    counts = reader.list { reader in
      RideCount(tag: reader.fixed(), start: reader.integer(), rides: reader.small())
    }
    boarding = reader.optional { $0.tap() }
    recent = reader.list { reader in
      RecentRide(
        on: reader.tap(), off: reader.optional { $0.tap() }, paidMinor: reader.integer(),
        reductionMinor: parts.contains(.reductions) ? reader.integer() : 0)
    }
    habits = reader.list { reader in
      Habit(from: reader.fixed(), off: reader.tap(), times: reader.small())
    }
    balanceMinor = reader.optional { $0.integer() }
    lastVehicle = reader.optional { LastVehicle(vehicle: $0.fixed(), at: $0.integer()) }
    evening = parts.contains(.evening) ? reader.evening(of: boarding) : nil
    guard reader.isWhole else { return nil }
  }
}

/// Writes numbers in as few bytes as they need.
private struct StateWriter {
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

/// Reads what `StateWriter` wrote; after a fault everything reads as zero and `isWhole` is false.
private struct StateReader {
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

  mutating func evening(of open: FareTap?) -> OpenEvening? {
    let count = integer()
    guard count >= 0, count <= Int64(bytes.count - at) else {
      isBroken = true
      return nil
    }
    let before = Array(bytes[at..<(at + Int(count))])
    at += Int(count)
    let days = list { reader in
      EveningDay(
        day: Day(number: Int(reader.small() as Int32)), taps: reader.list { $0.tap() },
        purchases: reader.list { reader in
          FarePurchase(product: reader.text(), at: Instant(microseconds: reader.integer()))
        })
    }
    let evening = OpenEvening(before: before, days: days)
    guard let open, let kept = RiderState(kept: before), evening.isOf(open, before: kept) else {
      isBroken = true
      return nil
    }
    return evening
  }

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
