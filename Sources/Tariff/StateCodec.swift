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

extension StateReader {
  /// The days behind an open ride; a fault where the state before them is not one of that ride.
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
}
