import Basics
import Ledger
import RandomTariffs
import Tariff
import Testing
import Transit

/// What riders are charged and what the ledger books are one sum, whatever comes late.
struct BookedFareTests {
  private static let monday = Day(year: 2024, month: 3, day: 25) ?? Day(number: 0)

  private static func tariff(_ generator: inout SeededGenerator) throws -> CompiledTariff {
    let text = """
      effective: {from: 2024-01-01}
      currency: UAH
      timezone: Europe/Kyiv
      amounts: minor
      categories: [adult, pupil]
      services: {bus: {mode: bus, operator: [A, B]}, tram: {mode: tram, operator: C}, other: {mode: ferry}}
      fares:
      - {name: bus, when: {service: bus}, price: {adult: \(generator.integer(in: 50...300)), pupil: 40}}
      - {name: tram, when: {service: tram}, price: \(generator.integer(in: 50...300))}
      transfers: [{name: t, within: \(generator.integer(in: 10...120)) min, pays: difference}]
      caps: [{name: day, per: day, amount: \(generator.integer(in: 200...900))}]
      """
    let source = TariffSource(
      folder: "trial", files: [TariffFile(path: "tariff.yaml", text: text)])
    let reading = source.load()
    return try #require(reading.book?.versions.first, "\(reading.faults)")
  }

  private static func differences(_ rides: [RatedRide], day: Day, sign: Int64) -> [FareDifference] {
    rides.compactMap { ride in
      ride.chargedMinor.map { minor in
        FareDifference(
          operatorID: ride.operatorID, currency: ride.currency, fareDay: day,
          category: ride.category, minor: sign * minor)
      }
    }
  }

  @Test(arguments: UInt64(1)...20)
  func theSumOfChargedFaresIsWhatTheLedgerBooks(_ seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let tariff = try Self.tariff(&generator)
    var world = TariffWorld(tariff: tariff, seed: generator.next())
    var booked: Int64 = 0
    var charged: Int64 = 0
    for rider in 0..<12 {
      let taps = world.taps(day: Self.monday, rides: 6, withCompanions: true)
      // Half of the taps come late: what was booked first is taken back with the second rating.
      let early = taps.filter { _ in generator.chance(0.5) }
      let first = tariff.rate(day: Self.monday, state: .empty, taps: early).rides
      let second = tariff.rate(day: Self.monday, state: .empty, taps: taps).rides
      let runs = [
        Self.differences(first, day: Self.monday, sign: 1),
        Self.differences(second, day: Self.monday, sign: 1)
          + Self.differences(first, day: Self.monday, sign: -1),
      ]
      for (number, run) in runs.enumerated() {
        let entries = try BookingDifference.entries(
          runID: Int64(2 * rider + number), accountingDate: Self.monday, differences: run)
        for posting in entries.flatMap(\.postings) where posting.account == AccountCode.riders {
          booked += posting.debitMinor - posting.creditMinor
        }
      }
      charged += second.reduce(0) { $0 + ($1.chargedMinor ?? 0) }
    }
    #expect(booked == charged, "seed \(seed)")
    #expect(charged > 0)
  }

  @Test(arguments: UInt64(1)...40)
  func theLedgerBooksWhatAnyTariffCharges(_ seed: UInt64) throws {
    let random = try RandomTariff.make(seed: seed).get()
    var booked: Int64 = 0
    var charged: Int64 = 0
    for number in UInt64(0)..<6 {
      var generator = SeededGenerator(seed: seed * 100 + number)
      var rider = RandomRider(tariff: random.tariff, seed: seed * 100 + number)
      // The state before is what was known when the day was rated: it may come too late as well.
      var early = RiderState.empty
      var late = RiderState.empty
      for offset in 0..<4 {
        let day = Self.monday.adding(days: offset)
        let taps = rider.taps(on: day)
        let known = taps.filter { _ in generator.chance(0.5) }
        let first = random.tariff.rate(day: day, state: early, taps: known)
        let second = random.tariff.rate(day: day, state: late, taps: taps)
        let runs = [
          Self.differences(first.rides, day: day, sign: 1),
          Self.differences(second.rides, day: day, sign: 1)
            + Self.differences(first.rides, day: day, sign: -1),
        ]
        for (run, differences) in runs.enumerated() {
          let entries = try BookingDifference.entries(
            runID: Int64(2 * offset + run), accountingDate: day, differences: differences)
          for posting in entries.flatMap(\.postings) where posting.account == AccountCode.riders {
            booked += posting.debitMinor - posting.creditMinor
          }
        }
        charged += second.rides.reduce(0) { $0 + ($1.chargedMinor ?? 0) }
        early = first.state
        late = second.state
      }
    }
    #expect(booked == charged, "seed \(seed)\n\(random.text)")
  }
}
