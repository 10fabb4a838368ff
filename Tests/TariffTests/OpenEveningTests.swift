import Basics
import Tariff
import Testing
import Transit

/// A rider of whose rides one is open over midnight, with others before and behind it.
private struct RandomEvening: CustomStringConvertible {
  /// Minutes from midnight, each with the mode of a ride that begins then.
  var modes: [Int: Mode] = [:]
  var openAt: Int
  /// Minutes from midnight at which the open ride ends.
  var endsAt: Int

  init(_ generator: inout SeededGenerator) {
    openAt = -generator.integer(in: 5...180)
    endsAt = generator.integer(in: 1...20)
    for _ in 0..<generator.integer(in: 1...6) {
      modes[generator.integer(in: -150...150)] = [Mode.bus, .tram][generator.integer(in: 0...1)]
    }
    modes[openAt] = .metro
    modes[endsAt] = nil
  }

  var description: String {
    "open at \(openAt) to \(endsAt) of \(modes.sorted { $0.key < $1.key })"
  }

  func taps(around midnight: Int64, shiftedBy shift: Int) -> [FareTap] {
    func tap(_ minute: Int, _ kind: TapKind, _ mode: Mode) -> FareTap {
      FareTap(
        ref: minute + 1_000,
        at: Instant(microseconds: midnight + Int64(minute + shift) * 60_000_000),
        kind: kind, medium: .card, category: "adult", mode: mode)
    }
    return modes.map { tap($0, $0 == openAt ? .on : .single, $1) } + [tap(endsAt, .off, .metro)]
  }
}

private let plainFares = "fares: [{name: ride, price: 10.00}]\n"
private let shareHour = "transfers: [{name: hour, within: 60 min, pays: free}]\n"
private let modes = """
  services: {metro: {mode: metro}, bus: {mode: bus}, tram: {mode: tram}}

  """
private let pricedModes = """
  fares:
    - {name: tram, when: {mode: tram}, price: 15.00}
    - {name: metro, when: {mode: metro}, price: 20.00}
    - {name: bus, price: 10.00}

  """

/// Rules under which rides share what they pay, or trips of two products of one name and moment.
private let sharing =
  [
    "{name: hour, within: 60 min, price: 2.80}", "{name: two, within: 2 h, rides: 2, price: 2.80}",
    "{name: way, follows: [{after: {}, ride: {}, within: 90 min}], price: 2.80}",
  ].map { "tickets: [\($0)]" }
  + [
    "pays: free", "pays: free, extends: when_paid", "pays: free, extends: always, count: 3",
    "pays: difference", "pays: difference, extends: always", "pays: difference_to_last",
    "pays: 50%, extends: when_paid", "pays: {supplement: 3.00}", "pays: {discount: 4.00}",
    "pays: free, refuses: [same_route]", "pays: free, from: arrival",
    "pays: free, pairs: [{from: metro, to: [bus], pays: beside}, {from: bus, to: [tram], pays: new}]",
  ].map { pricedModes + "transfers: [{name: t, within: 60 min, \($0)}]" }
  + [
    "joins: all", "joins: same_service, change_discount: 2.00", "joins: all, count: 3",
    "joins: all, whole_within: 2 h",
  ].map { pricedModes + "chains: [{name: c, within: 60 min, priced_by: ends, \($0)}]" }
  + [
    "caps: [{name: c, when: {mode: tram}, per: week, amount: 20.00}]\n" + shareHour,
    "caps: [{name: c, per: week, amount: 40.00}]",
    "surcharges: [{name: s, when: {mode: tram}, amount: 1.00, caps: inside}]\n" + shareHour,
    "products: [{name: two, trips: 1, valid: {days: 30}}]",
    "products: [{name: two, trips: 2, valid: {days: 30}}]",
  ].map { pricedModes + $0 }

struct OpenEveningTests {
  /// One ride of each rider is open over midnight; the same rides nine hours earlier are not.
  ///
  /// It gives nothing back: where what is paid is more than all would cost in their turns, it is as if it had not been.
  @Test(arguments: sharing)
  func ridesOverMidnightPayInAllWhatTheyWouldByDay(_ rules: String) throws {
    let book = try openRideBook(modes + rules)
    let day = try #require(Day(year: 2024, month: 5, day: 14))
    let midnight = book.cityClock.start(of: day.adding(days: 1)).microseconds
    let two = FarePurchase(product: "two", at: book.cityClock.start(of: day))
    func rate(_ taps: [FareTap]) -> RatedDay {
      book.rate(day: day, state: .empty, taps: taps, purchases: [two, two])
    }
    var generator = SeededGenerator(seed: 15)
    for number in 0..<400 {
      let rider = RandomEvening(&generator)
      let early = rider.taps(around: midnight, shiftedBy: -9 * 60)
      let byDay = rate(early)
      let withoutIt = rate(early.filter { $0.kind == .single })
      let late = rider.taps(around: midnight, shiftedBy: 0)
      let before = late.filter { $0.at.microseconds < midnight }
      let evening = rate(before)
      let inTurn = rate(before + late.filter { $0.kind == .off })
      let stored = try #require(RiderState(bytes: evening.state.bytes))
      let night = book.rate(
        day: day.adding(days: 1), state: stored,
        taps: late.filter { $0.at.microseconds >= midnight })
      let open = try #require(night.rides.first { $0.boardRef == RatedRide.carriedRef })
      let refs = (evening.rides + night.rides).map(\.boardRef).filter { $0 != RatedRide.carriedRef }
      #expect(
        refs.sorted() == late.filter { $0.kind == .single }.map(\.ref).sorted(),
        "\(number): \(rider)")
      let givesBack = sum(inTurn) < sum(evening)
      #expect(
        sum(evening) + sum(night) == sum(givesBack ? withoutIt : byDay)
          && (!givesBack || open.chargedMinor == 0),
        "rider \(number), \(rider): \(open.reason.sentence(in: .english))")
    }
  }

  private func sum(_ day: RatedDay) -> Int64 { day.rides.reduce(0) { $0 + ($1.chargedMinor ?? 0) } }

  @Test func aRideThatIsOpenOverTwoMidnightsTakesItsTurnBeforeTheRidesOfBothDays() throws {
    let worked = Midnight(
      "two nights", rules: "tapping: {limit: 60 h}\n" + plainFares + shareHour,
      rides: """
          rides:
          - {on: "2024-05-14 23:30", off: "2024-05-16 08:00", mode: metro, pays: 0, because: "later rides (2)"}
          - {at: "2024-05-14 23:50", mode: bus, pays: 10.00}
          - {at: "2024-05-15 12:00", mode: bus, pays: 10.00}
          - {at: "2024-05-16 08:10", mode: bus, pays: 10.00}
        """)
    worked.expectGood()
  }

  @Test func aRideWithMoreRidesBehindItThanAreKeptIsRatedByWhatTheyHaveLeft() throws {
    let book = try openRideBook(plainFares + shareHour)
    let day = try #require(Day(year: 2024, month: 5, day: 14))
    let midnight = book.cityClock.start(of: day.adding(days: 1)).microseconds
    func paid(behind count: Int) -> [Int64?] {
      let taps = (0...count).map { number in
        FareTap(
          ref: number, at: Instant(microseconds: midnight - Int64(500 - number) * 60_000_000),
          kind: number == 0 ? .on : .single, medium: .card, category: "adult", mode: .bus)
      }
      let evening = book.rate(day: day, state: .empty, taps: taps)
      return book.close(evening.state).rides.map(\.chargedMinor)
    }
    #expect(paid(behind: 199) == [0])
    #expect(paid(behind: 200) == [1000])
  }

  @Test func manyRidesOnOneTransferEndNothing() throws {
    let book = try openRideBook(plainFares + shareHour)
    let day = try #require(Day(year: 2024, month: 5, day: 14))
    let start = book.cityClock.start(of: day).microseconds
    let taps = (0..<33_000).map { number in
      FareTap(
        ref: number, at: Instant(microseconds: start + Int64(number) * 1_000), kind: .single,
        medium: .card, category: "adult", mode: .bus)
    }
    let rated = book.rate(day: day, state: .empty, taps: taps)
    #expect(rated.rides.count == taps.count && sum(rated) == 1000)
    #expect(RiderState(bytes: rated.state.bytes) == rated.state)
  }

  @Test func theEveningOfAnOpenRideIsStoredUntilItIsRated() throws {
    let book = try openRideBook(plainFares + shareHour)
    func tap(_ at: String, _ kind: TapKind) throws -> FareTap {
      let at = try #require(Instant(iso8601: "2024-05-\(at):00Z"))
      return FareTap(ref: 0, at: at, kind: kind, medium: .card, category: "adult")
    }
    let day = try #require(Day(year: 2024, month: 5, day: 14))
    let taps = [
      try tap("14T07:50", .single), try tap("14T08:00", .on), try tap("14T18:00", .single),
    ]
    let first = book.rate(day: day, state: .empty, taps: taps)
    #expect(first.state.bytes.first == 5)
    let stored = try #require(RiderState(bytes: first.state.bytes))
    #expect(stored == first.state)
    for count in 0..<first.state.bytes.count {
      #expect(RiderState(bytes: Array(first.state.bytes.prefix(count))) == nil)
    }
    let next = book.rate(day: day.adding(days: 1), state: stored, taps: [])
    #expect(next.rides.map(\.chargedMinor) == [0])
    #expect(next.state.bytes.first == 2)
  }
}
