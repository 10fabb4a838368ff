import Basics
import Tariff
import Testing

/// A tariff made up from a seed, and days of riders under it.
private struct Trial {
  var tariff: CompiledTariff
  var capMinor: Int64
  var weekMinor: Int64
  var generator: SeededGenerator
  var world: TariffWorld

  init(seed: UInt64, pass: Bool = false) throws {
    var generator = SeededGenerator(seed: seed)
    capMinor = Int64(generator.integer(in: 200...900))
    weekMinor = Int64(generator.integer(in: 900...3000))
    let pays = ["free", "difference", "difference_to_last", "50%", "{discount: 70}"]
    let extends = ["never", "when_paid", "always"]
    let start = ["00:00", "04:00", "04:30"][generator.integer(in: 0...2)]
    let text = """
      effective: {from: 2024-01-01}
      currency: UAH
      timezone: Europe/Kyiv
      day_start: "\(start)"
      amounts: minor
      categories: [adult, pupil]
      times: {peak: [{days: weekdays, from: "07:00", before: "10:00"}]}
      services: {bus: {mode: bus}, tram: {mode: tram}, metro: {mode: metro}}
      fares:
      - {name: bus, when: {service: bus}, price: \(generator.integer(in: 50...300))}
      - {name: tram, when: {service: tram}, price: {adult: \(generator.integer(in: 50...300)), pupil: 40}}
      - name: metro
        when: {service: metro}
        price: {by: time, peak: \(generator.integer(in: 50...300)), others: 60}
      transfers:
      - name: t
        within: \(generator.integer(in: 10...120)) min
        extends: \(extends[generator.integer(in: 0...2)])
        count: \(generator.integer(in: 1...5))
        pays: \(pays[generator.integer(in: 0...4)])
      caps:
      - {name: day, per: day, amount: \(capMinor)}
      - {name: week, per: week, amount: \(weekMinor)}
      products:
      - {name: bus pass, when: {service: bus}, valid: {days: 10}}
      - {name: trips, trips: 3, valid: {days: 10}}
      """
    let source = TariffSource(
      folder: "trial", files: [TariffFile(path: "tariff.yaml", text: text)])
    let reading = source.load()
    tariff = try #require(reading.book?.versions.first, "\(reading.faults)")
    world = TariffWorld(tariff: tariff, seed: generator.next())
    self.generator = generator
  }
}

/// What must hold for any tariff and any day.
struct PropertyTests {
  private static let monday = Day(year: 2024, month: 3, day: 25) ?? Day(number: 0)

  @Test(arguments: UInt64(1)...40)
  func aCapIsNeverExceeded(_ seed: UInt64) throws {
    var trial = try Trial(seed: seed)
    for _ in 0..<10 {
      var state = RiderState.empty
      var week: Int64 = 0
      for offset in 0..<7 {
        let day = Self.monday.adding(days: offset)
        let rated = trial.tariff.rate(
          day: day, state: state, taps: trial.world.taps(day: day, rides: 8))
        let sum = rated.rides.reduce(0) { $0 + ($1.chargedMinor ?? 0) }
        #expect(sum <= trial.capMinor, "seed \(seed)")
        #expect(rated.rides.allSatisfy { ($0.chargedMinor ?? 0) <= ($0.nominalMinor ?? 0) })
        week += sum
        state = rated.state
      }
      #expect(week <= trial.weekMinor, "seed \(seed)")
    }
  }

  @Test(arguments: UInt64(1)...40)
  func theOrderOfDeliveryChangesNothing(_ seed: UInt64) throws {
    var trial = try Trial(seed: seed)
    for _ in 0..<5 {
      let taps = trial.world.taps(day: Self.monday, rides: 7, withCompanions: true)
      let once = trial.tariff.rate(day: Self.monday, state: .empty, taps: taps)
      let shuffled = trial.tariff.rate(
        day: Self.monday, state: .empty, taps: taps.shuffled(using: &trial.generator))
      #expect(once == shuffled, "seed \(seed)")
      #expect(once == trial.tariff.rate(day: Self.monday, state: .empty, taps: taps))
    }
  }

  @Test(arguments: UInt64(1)...40)
  func aDayRatedFromStoredBytesIsTheDayRatedFromTheStart(_ seed: UInt64) throws {
    var trial = try Trial(seed: seed)
    var direct = RiderState.empty
    var stored = RiderState.empty.bytes
    for offset in 0..<9 {
      let day = Self.monday.adding(days: offset)
      let taps = trial.world.taps(day: day, rides: 6)
      let first = trial.tariff.rate(day: day, state: direct, taps: taps)
      let before = try #require(RiderState(bytes: stored))
      let second = trial.tariff.rate(day: day, state: before, taps: taps)
      #expect(first == second, "seed \(seed)")
      direct = first.state
      stored = second.state.bytes
      #expect(RiderState(bytes: stored) == direct)
    }
  }

  @Test(arguments: UInt64(1)...40)
  func aPassNeverMakesTheDayDearer(_ seed: UInt64) throws {
    var trial = try Trial(seed: seed)
    for _ in 0..<10 {
      var without = RiderState.empty
      var with = RiderState.empty
      var sums = (without: Int64(0), with: Int64(0))
      for offset in 0..<5 {
        let day = Self.monday.adding(days: offset)
        let taps = trial.world.taps(day: day, rides: 6)
        let start = trial.tariff.cityClock.start(of: day)
        let bought = offset == 0 ? [FarePurchase(product: "bus pass", at: start)] : []
        let plain = trial.tariff.rate(day: day, state: without, taps: taps)
        let passed = trial.tariff.rate(day: day, state: with, taps: taps, purchases: bought)
        sums.without += plain.rides.reduce(0) { $0 + ($1.chargedMinor ?? 0) }
        sums.with += passed.rides.reduce(0) { $0 + ($1.chargedMinor ?? 0) }
        without = plain.state
        with = passed.state
      }
      #expect(sums.with <= sums.without, "seed \(seed)")
    }
  }

  @Test(arguments: UInt64(1)...20)
  func reasonsSurviveTheirJSON(_ seed: UInt64) throws {
    var trial = try Trial(seed: seed)
    let taps = trial.world.taps(day: Self.monday, rides: 8, withCompanions: true)
    for ride in trial.tariff.rate(day: Self.monday, state: .empty, taps: taps).rides {
      #expect(FareReason(json: ride.reason.json) == ride.reason)
      #expect(!ride.reason.sentence(in: .ukrainian).isEmpty)
      #expect(!ride.reason.sentence(in: .english).isEmpty)
    }
  }

  @Test(arguments: UInt64(1)...40)
  func aTripOfACarnetNeverMakesADayDearerNorIsItWasted(_ seed: UInt64) throws {
    var trial = try Trial(seed: seed)
    for _ in 0..<5 {
      let taps = trial.world.taps(day: Self.monday, rides: 8)
      let bought = FarePurchase(
        product: "trips", at: trial.tariff.cityClock.start(of: Self.monday))
      let plain = trial.tariff.rate(day: Self.monday, state: .empty, taps: taps)
      let carried = trial.tariff.rate(
        day: Self.monday, state: .empty, taps: taps, purchases: [bought])
      func sum(_ day: RatedDay) -> Int64 { day.rides.reduce(0) { $0 + ($1.chargedMinor ?? 0) } }
      #expect(sum(carried) <= sum(plain), "seed \(seed)")
      let trips = carried.rides.count { $0.product == "trips" }
      #expect(trips <= 3, "seed \(seed)")
    }
  }

  @Test(arguments: UInt64(1)...20)
  func splittingAndRepeatingDeliveriesChangesNothing(_ seed: UInt64) throws {
    var trial = try Trial(seed: seed)
    let taps = trial.world.taps(day: Self.monday, rides: 8)
    let whole = trial.tariff.rate(day: Self.monday, state: .empty, taps: taps)
    // Each delivery rates the day anew from all taps known by then; a tap that came twice is one.
    var known: [FareTap] = []
    var last = whole
    for tap in taps.shuffled(using: &trial.generator) + taps.shuffled(using: &trial.generator) {
      if !known.contains(tap) { known.append(tap) }
      last = trial.tariff.rate(day: Self.monday, state: .empty, taps: known)
    }
    #expect(last == whole, "seed \(seed)")
    #expect(last.state.bytes == whole.state.bytes)
  }

  @Test(arguments: UInt64(1)...20)
  func theRatesOfTheFastWayAreThoseOfTheRides(_ seed: UInt64) throws {
    var trial = try Trial(seed: seed)
    var meter = FareMeter(trial.tariff)
    var fast = RiderState.empty
    var state = RiderState.empty
    for offset in 0..<9 {
      let day = Self.monday.adding(days: offset)
      let taps = trial.world.taps(day: day, rides: 6, withCompanions: true)
      let prepared = taps.enumerated().map { trial.tariff.prepare($1, index: Int32($0)) }
      let charged = meter.rate(day: day.number, state: &fast, taps: prepared[...])
      let rated = trial.tariff.rate(day: day, state: state, taps: taps)
      #expect(charged == rated.rides.reduce(0) { $0 + ($1.chargedMinor ?? 0) }, "seed \(seed)")
      state = rated.state
      #expect(state == fast)
    }
  }

  @Test func aStateOfTheFormatBeforeIsReadAndWrittenInTheNewOne() throws {
    // Format 1: one cap (tag 7, day 19,800, 1,200 spent in 2 rides, no level), and nothing else.
    let old: [UInt8] = [
      1, 2, 0, 0, 0, 7, 0xB0, 0xB5, 0x02, 0xE0, 0x12, 4, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    ]
    let state = try #require(RiderState(bytes: old))
    let new = state.bytes
    #expect(new.first == 2)
    #expect(RiderState(bytes: new) == state)
    #expect(Array(new.dropFirst().prefix(12)) == Array(old.dropFirst().prefix(12)))
  }

  @Test func aStateThatIsCutOffOrChangedIsRefused() throws {
    var trial = try Trial(seed: 3)
    let taps = trial.world.taps(day: Self.monday, rides: 6)
    let bytes = trial.tariff.rate(day: Self.monday, state: .empty, taps: taps).state.bytes
    #expect(RiderState(bytes: bytes) != nil)
    for count in 0..<bytes.count { #expect(RiderState(bytes: Array(bytes.prefix(count))) == nil) }
    #expect(RiderState(bytes: bytes + [0]) == nil)
    #expect(RiderState(bytes: [9] + bytes.dropFirst()) == nil)
  }
}
