import Basics
import Transit

extension RiderState {
  /// Formats of the bytes that are read.
  ///
  /// 2 added the sets of zones that a cap's rides have left, and the last use of a product; 3 what a
  /// category took off of the tickets of rides that the next day may share; 5 the days on which rides began
  /// behind an open one; 6 to 3, and 7 to 5, the place of the first boarding of a chain. Format 1 is read as
  /// well; any other is refused. 4 was never in a release.
  private static let formats = plainFormats + eveningFormats
  private static let plainFormats: [UInt8] = [1, 2, 3, 6]
  /// Those that have days behind an open ride.
  private static let eveningFormats: [UInt8] = [5, 7]

  /// The format that a state is written in: without what a format added it is the one before, so that
  /// the bytes of nearly all states stay what they were.
  private var writtenFormat: UInt8 {
    let hasPlace = chain?.firstPlace != nil
    if evening != nil { return hasPlace ? 7 : 5 }
    if hasPlace { return 6 }
    return recent.contains { $0.reductionMinor != 0 } ? 3 : 2
  }

  /// The state for storage: the same state always gives the same bytes.
  package var bytes: [UInt8] {
    var writer = StateWriter()
    let format = writtenFormat
    writer.byte(format)
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
      if format >= 3 { writer.integer(ride.reductionMinor) }
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
    self.init(bytes: bytes, formats: RiderState.formats)
  }

  /// Reads a state that another one keeps, which itself keeps none.
  fileprivate init?(kept bytes: [UInt8]) {
    self.init(bytes: bytes, formats: RiderState.plainFormats)
  }

  private init?(bytes: [UInt8], formats: [UInt8]) {
    var reader = StateReader(bytes: bytes)
    let format = reader.byte()
    guard formats.contains(format) else { return nil }
    caps = reader.list { reader in
      CapCount(
        tag: reader.fixed(), start: reader.integer(), spentMinor: reader.integer(),
        rides: reader.small(), level: reader.small(),
        setsLeft: format < 2 ? 0 : UInt64(bitPattern: reader.integer()))
    }
    windows = reader.list { $0.window() }
    chain = reader.optional { reader in
      var chain = reader.chain()
      if format >= 6 { chain.firstPlace = reader.placeMasks() }
      return chain
    }
    holdings = reader.list { reader in
      Holding(
        tag: reader.fixed(), boughtAt: reader.integer(), activatedAt: reader.integer(),
        tripsUsed: reader.small(), lastTripAt: reader.integer(),
        lastUseAt: format < 2 ? .min : reader.integer(),
        lastVehicle: format < 2 ? 0 : reader.fixed())
    }
    counts = reader.list { reader in
      RideCount(tag: reader.fixed(), start: reader.integer(), rides: reader.small())
    }
    boarding = reader.optional { $0.tap() }
    recent = reader.list { reader in
      RecentRide(
        on: reader.tap(), off: reader.optional { $0.tap() }, paidMinor: reader.integer(),
        reductionMinor: format < 3 ? 0 : reader.integer())
    }
    habits = reader.list { reader in
      Habit(from: reader.fixed(), off: reader.tap(), times: reader.small())
    }
    balanceMinor = reader.optional { $0.integer() }
    lastVehicle = reader.optional { LastVehicle(vehicle: $0.fixed(), at: $0.integer()) }
    evening = RiderState.eveningFormats.contains(format) ? reader.evening(of: boarding) : nil
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
