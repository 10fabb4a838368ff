import Basics
import RandomTariffs
import Tariff
import Testing
import Transit

/// The rides of a made-up rider over some days, each day rated from the state before.
private struct Life {
  var days: [(day: Day, taps: [FareTap], rated: RatedDay)] = []
  /// What is still open at the end.
  var closed: [RatedRide] = []

  static let monday = Day(year: 2024, month: 3, day: 25) ?? Day(number: 0)

  init(
    _ random: RandomTariff, _ rider: RandomRider, days count: Int, buys products: [String] = [],
    boughtOn offset: Int = 0, tariff other: CompiledTariff? = nil
  ) {
    let tariff = other ?? random.tariff
    var rider = rider
    var state = RiderState.empty
    for number in 0..<count {
      let day = Self.monday.adding(days: number)
      let taps = rider.taps(on: day)
      let bought =
        number == offset
        ? products.map { FarePurchase(product: $0, at: tariff.cityClock.start(of: day)) } : []
      let rated = tariff.rate(day: day, state: state, taps: taps, purchases: bought)
      days.append((day, taps, rated))
      state = rated.state
    }
    closed = tariff.close(state).rides
  }

  var rides: [RatedRide] { days.flatMap(\.rated.rides) + closed }
  var sum: Int64 { rides.reduce(0) { $0 + ($1.chargedMinor ?? 0) } }
}

private func random(_ seed: UInt64, extra: String = "") throws -> RandomTariff {
  try RandomTariff.make(seed: seed, extraRules: extra).get()
}

/// What must hold for any tariff at all, tried on tariffs made up of nearly every construct.
struct RandomTariffTests {
  private static let seeds = UInt64(1)...80
  private static let ridersMax = UInt64(4)

  @Test(arguments: Self.seeds)
  func aCapOfAnyTariffIsNeverExceeded(_ seed: UInt64) throws {
    let random = try random(seed)
    for number in 0..<Self.ridersMax {
      let rider = RandomRider(tariff: random.tariff, seed: seed * 100 + number)
      let life = Life(random, rider, days: 12)
      for cap in random.caps {
        var watch = CapWatch(cap, random)
        for ride in life.rides { watch.ride(ride) }
        #expect(watch.faults == [], "seed \(seed), rider \(number)\n\(random.text)")
      }
    }
  }

  @Test(arguments: Self.seeds)
  func theOrderAndTheSplittingOfDeliveriesChangesNoTariff(_ seed: UInt64) throws {
    let random = try random(seed)
    var generator = SeededGenerator(seed: seed)
    var rider = RandomRider(tariff: random.tariff, seed: seed)
    var state = RiderState.empty
    for number in 0..<4 {
      let day = Life.monday.adding(days: number)
      let taps = rider.taps(on: day)
      let whole = random.tariff.rate(day: day, state: state, taps: taps)
      // Each delivery rates the day anew from all that is known; a tap that came twice is one.
      var known: [FareTap] = []
      var last = random.tariff.rate(day: day, state: state, taps: [])
      for tap in taps.shuffled(using: &generator) + taps.shuffled(using: &generator) {
        if !known.contains(tap) { known.append(tap) }
        last = random.tariff.rate(day: day, state: state, taps: known)
      }
      #expect(last == whole, "seed \(seed), \(day)\n\(random.text)")
      #expect(last.state.bytes == whole.state.bytes)
      state = whole.state
    }
  }

  @Test(arguments: Self.seeds)
  func aDayFromStoredBytesIsTheDayFromTheStart(_ seed: UInt64) throws {
    let random = try random(seed)
    for number in 0..<Self.ridersMax {
      let rider = RandomRider(tariff: random.tariff, seed: seed * 100 + number)
      let products = random.products + ["student card"]
      let life = Life(random, rider, days: 12, buys: products, boughtOn: 2)
      let all = life.days.flatMap(\.taps)
      var stored = RiderState.empty.bytes
      for (offset, part) in life.days.enumerated() {
        let before = try #require(RiderState(bytes: stored), "seed \(seed)")
        let bought =
          offset == 2
          ? products.map {
            FarePurchase(product: $0, at: random.tariff.cityClock.start(of: part.day))
          } : []
        let rated = random.tariff.rate(
          day: part.day, state: before, taps: part.taps, purchases: bought)
        #expect(rated == part.rated, "seed \(seed), \(part.day)\n\(random.text)")
        stored = rated.state.bytes
      }
      #expect(all.isEmpty || life.days.count == 12)
    }
  }

  @Test(arguments: Self.seeds)
  func theFastWayChargesWhatTheRidesSay(_ seed: UInt64) throws {
    let random = try random(seed)
    var meter = FareMeter(random.tariff)
    for number in 0..<Self.ridersMax {
      let rider = RandomRider(tariff: random.tariff, seed: seed * 100 + number)
      for part in Life(random, rider, days: 1).days {
        var state = RiderState.empty
        let sorted = part.taps.sorted {
          ($0.at, $0.kind == .off ? 0 : 1) < ($1.at, $1.kind == .off ? 0 : 1)
        }
        let prepared = sorted.enumerated().map { random.tariff.prepare($1, index: Int32($0)) }
        let charged = meter.rate(
          day: part.day.number, state: &state, taps: prepared[...], source: sorted)
        let sum = part.rated.rides.reduce(Int64(0)) { $0 + ($1.chargedMinor ?? 0) }
        #expect(charged == sum, "seed \(seed), rider \(number)\n\(random.text)")
      }
    }
  }

  @Test(arguments: Self.seeds)
  func aPassNeverCostsMoreUnlessARuleSaysSo(_ seed: UInt64) throws {
    let random = try random(seed)
    guard !random.mayCostMore else { return }
    for number in 0..<Self.ridersMax {
      let rider = RandomRider(tariff: random.tariff, seed: seed * 100 + number)
      let without = Life(random, rider, days: 6)
      for product in random.products {
        let with = Life(random, rider, days: 6, buys: [product])
        #expect(
          with.sum <= without.sum, "seed \(seed), rider \(number), \(product)\n\(random.text)")
      }
    }
  }

  @Test func enoughTariffsHaveNoRuleByWhichMoreMayCostMore() throws {
    let tried = try Self.seeds.filter { try !random($0).mayCostMore }
    #expect(tried.count >= 15, "only \(tried.count) of \(Self.seeds.count) are tried")
  }

  @Test(arguments: Self.seeds)
  func oneMoreCapNeverCostsMoreUnlessARuleSaysSo(_ seed: UInt64) throws {
    let random = try random(seed)
    guard !random.mayCostMore else { return }
    let line = "- {name: one more, per: day, amount: 210}"
    // The caps may be there already, and they stand before what comes after them.
    let text =
      random.text.contains("caps:\n")
      ? random.text.replacing("caps:\n", with: "caps:\n\(line)\n")
      : random.text + "caps:\n\(line)\n"
    let source = TariffSource(
      folder: "random", files: [TariffFile(path: TariffSource.mainPath, text: text)])
    let held = try #require(source.load().book?.versions.first, "\(text)")
    for number in 0..<Self.ridersMax {
      let rider = RandomRider(tariff: random.tariff, seed: seed * 100 + number)
      let without = Life(random, rider, days: 6)
      let with = Life(random, rider, days: 6, tariff: held)
      #expect(with.sum <= without.sum, "seed \(seed), rider \(number)\n\(text)")
    }
  }

  @Test(arguments: Self.seeds)
  func eachTapIsInOneRideOrSaysWhyItIsInNone(_ seed: UInt64) throws {
    let random = try random(seed)
    for number in 0..<Self.ridersMax {
      let rider = RandomRider(tariff: random.tariff, seed: seed * 100 + number)
      let life = Life(random, rider, days: 8)
      var seen: [Int: Int] = [:]
      for ride in life.rides {
        if ride.boardRef != RatedRide.carriedRef { seen[ride.boardRef, default: 0] += 1 }
        if let ref = ride.alightRef { seen[ref, default: 0] += 1 }
      }
      for part in life.days {
        for tap in part.rated.unpaired { seen[tap.ref, default: 0] += 1 }
      }
      let carried = life.rides.count { $0.boardRef == RatedRide.carriedRef }
      let taps = life.days.flatMap(\.taps)
      let missing = taps.filter { seen[$0.ref] == nil }
      #expect(seen.values.allSatisfy { $0 == 1 }, "seed \(seed)\n\(random.text)")
      // A ride that went on into another day has its boarding under the day before.
      #expect(missing.allSatisfy { $0.kind == .on }, "seed \(seed): \(missing)")
      #expect(missing.count == carried, "seed \(seed), rider \(number): \(missing)")
    }
  }

  @Test(arguments: Self.seeds)
  func aDoubledTapOnChangesNothingWherePassBackHolds(_ seed: UInt64) throws {
    let text = try random(seed).text
      .replacing(#/ +pass_back: \{within: 3 min, when: [^\n]*\n/#, with: "")
      .replacing("tapping:\n", with: "tapping:\n  pass_back: {within: 3 min}\n")
    let source = TariffSource(
      folder: "random", files: [TariffFile(path: TariffSource.mainPath, text: text)])
    let tariff = try #require(source.load().book?.versions.first, "\(text)")
    let firstDoubled = 1_000_000
    for number in 0..<Self.ridersMax {
      var rider = RandomRider(tariff: tariff, seed: seed * 100 + number)
      var state = RiderState.empty
      for offset in 0..<6 {
        let day = Life.monday.adding(days: offset)
        let taps = rider.taps(on: day)
        // No tap comes sooner than half a minute after a tap on.
        let doubled = taps.filter { $0.kind == .on }.map { tap in
          var second = tap
          second.ref += firstDoubled
          second.at = tap.at.adding(seconds: 20)
          return second
        }.filter { tariff.cityClock.fareDay(of: $0.at) == day }
        let plain = tariff.rate(day: day, state: state, taps: taps)
        let rated = tariff.rate(day: day, state: state, taps: taps + doubled)
        let others = rated.rides.filter { $0.boardRef < firstDoubled }
        #expect(others == plain.rides, "seed \(seed), \(day)\n\(text)")
        #expect(rated.rides.count == plain.rides.count + doubled.count)
        #expect(rated.state == plain.state, "seed \(seed), \(day)\n\(text)")
        state = plain.state
      }
    }
  }

  @Test(arguments: Self.seeds)
  func noFareIsNeverASilentZero(_ seed: UInt64) throws {
    let random = try random(seed)
    let reasons: Set<FareStepCode> = [
      .freeCategory, .pass, .passPart, .trip, .tripTransfer, .transferFree, .transferDifference,
      .transferDiscount, .transferSupplement, .chain, .cap, .discount, .cancelled, .passBack,
      .onTicket, .rounded, .waived,
    ]
    for number in 0..<Self.ridersMax {
      let rider = RandomRider(tariff: random.tariff, seed: seed * 100 + number)
      for ride in Life(random, rider, days: 5, buys: ["pass", "student card"]).rides {
        let codes = Set(ride.reason.steps.map(\.code))
        #expect((ride.chargedMinor == nil) == codes.contains(.unknown), "\(ride)")
        #expect(ride.chargedMinor != nil || ride.nominalMinor == nil)
        // No rule knows ferries, and a ticket that only asks for zones takes them all the same.
        if ride.mode == .ferry, !random.text.contains("tickets:") {
          #expect(ride.chargedMinor == nil, "seed \(seed): \(ride)")
        }
        guard let charged = ride.chargedMinor, let nominal = ride.nominalMinor else { continue }
        #expect(charged >= 0 && nominal >= 0, "seed \(seed): \(ride)")
        if charged == 0, nominal > 0 {
          #expect(!codes.isDisjoint(with: reasons), "seed \(seed): \(ride)\n\(random.text)")
        }
        #expect(FareReason(json: ride.reason.json) == ride.reason)
      }
    }
  }
}
