import Basics
import Testing
import Wallet

private let clock = CityClock(
  zone: TimeZoneTable(name: "Europe/Kyiv") ?? .utc, fareDayStartSeconds: 4 * 3600)
private let first = Day(number: 20_000)

private func ride(_ day: Int, _ hour: Int = 8, usesRide: Bool = true) -> ProductRide {
  let date = first.adding(days: day)
  return ProductRide(
    day: date, at: clock.start(of: date).adding(seconds: Int64(hour) * 3600), usesRide: usesRide)
}

private func terms(
  _ price: Int64, days: Int = 30, rides: Int? = nil, fromFirstUse: Bool = false, sold: Int = 0
) -> ProductTerms {
  let day = first.adding(days: sold)
  return ProductTerms(
    priceMinor: price, grantedAt: clock.start(of: day), grantedDay: day,
    startsAtFirstUse: fromFirstUse, validity: .days(days), ridesMax: rides)
}

@Suite struct RecognitionTests {
  private func earned(
    _ terms: ProductTerms, _ rides: [ProductRide] = [], returned: ReturnedProduct? = nil,
    through day: Int
  ) -> Int64 {
    Recognition.earnedMinor(
      terms, rides: rides, returned: returned, through: first.adding(days: day), clock: clock)
  }

  /// A pass of 1,000.00 for 30 days: 100,000 / 30 = 3,333.33…, so 33.33 a day for 29 days, and
  /// 1,000.00 - 29 × 33.33 = 33.43 on the last.
  @Test func aPassEarnsTheSameEachDayAndTheRestOnItsLast() {
    let pass = terms(100_000)
    #expect(earned(pass, through: -1) == 0)
    #expect(earned(pass, through: 0) == 3333)
    #expect(earned(pass, through: 1) == 6666)
    #expect(earned(pass, through: 28) == 96_657)
    #expect(earned(pass, through: 29) == 100_000)
    #expect(earned(pass, through: 300) == 100_000)
  }

  /// A carnet of 10 rides for 77.00: 7.70 a ride; what is not used is earned when it is over.
  @Test func aCarnetEarnsByRideAndTheRestAtItsEnd() {
    let carnet = terms(7700, days: 365, rides: 10)
    #expect(earned(carnet, through: 0) == 0)
    #expect(earned(carnet, [ride(0), ride(3), ride(3, 9, usesRide: false)], through: 2) == 770)
    #expect(earned(carnet, [ride(0), ride(3), ride(3, 9, usesRide: false)], through: 3) == 1540)
    #expect(earned(carnet, [ride(0)], through: 363) == 770)
    #expect(earned(carnet, [ride(0)], through: 364) == 7700)
  }

  @Test func threeRidesForTenKopiykasLeaveTheRestToTheLast() {
    let carnet = terms(10, days: 365, rides: 3)
    #expect(earned(carnet, [ride(0)], through: 0) == 3)
    #expect(earned(carnet, [ride(0), ride(1)], through: 1) == 6)
    #expect(earned(carnet, [ride(0), ride(1), ride(2)], through: 2) == 10)
  }

  @Test func aPassThatBeginsWithItsFirstRideEarnsNothingBefore() {
    let pass = terms(3000, fromFirstUse: true)
    #expect(earned(pass, through: 100) == 0)
    #expect(earned(pass, [ride(7)], through: 6) == 0)
    #expect(earned(pass, [ride(7)], through: 7) == 100)
    #expect(earned(pass, [ride(7)], through: 36) == 3000)
  }

  /// Given back on its tenth day: 20 of 30 days go back, 10 are earned.
  @Test func whatIsGivenBackIsNotEarned() {
    let pass = terms(90_000)
    let rest = Recognition.unearnedMinor(
      pass, rides: [ride(3)], after: first.adding(days: 9), clock: clock)
    #expect(rest == 60_000)
    let returned = ReturnedProduct(day: first.adding(days: 9), refundedMinor: rest)
    #expect(earned(pass, returned: returned, through: 8) == 27_000)
    #expect(earned(pass, returned: returned, through: 9) == 30_000)
    #expect(earned(pass, returned: returned, through: 200) == 30_000)
  }

  @Test(arguments: 1...40 as ClosedRange<UInt64>)
  func overItsLifeAProductEarnsItsPriceExactly(seed: UInt64) {
    var chance = SeededGenerator(seed: seed)
    let isCarnet = chance.chance(0.5)
    let terms = terms(
      Int64(chance.integer(in: 0...1_000_000)), days: chance.integer(in: 1...400),
      rides: isCarnet ? chance.integer(in: 1...130) : nil, fromFirstUse: chance.chance(0.3))
    var rides = (0..<chance.integer(in: 1...140)).map { _ in
      ride(chance.integer(in: 0...420), chance.integer(in: 0...19), usesRide: chance.chance(0.8))
    }
    rides.sort { $0.at < $1.at }
    var sum: Int64 = 0
    for day in 0...900 {
      let earned = earned(terms, rides, through: day)
      // What a day earns is never below nothing.
      #expect(earned >= sum)
      sum = earned
    }
    #expect(sum == terms.priceMinor)
  }
}

@Suite struct ProductUseTests {
  private func use(_ terms: ProductTerms, _ rides: [ProductRide], _ day: Int) -> ProductUse {
    ProductUse.of(
      terms, rides: rides, returnedOn: nil, through: first.adding(days: day), clock: clock)
  }

  @Test func aCarnetIsCountedDownByItsRides() {
    let carnet = terms(7700, days: 365, rides: 2)
    #expect(use(carnet, [], 0).state == .activated)
    #expect(use(carnet, [ride(1)], 1).ridesUsed == 1)
    #expect(use(carnet, [ride(1), ride(2)], 1).state == .activated)
    #expect(use(carnet, [ride(1), ride(2)], 2).state == .usedUp)
    // A late tap that makes one of the rides a transfer gives it back.
    #expect(use(carnet, [ride(1), ride(2, 8, usesRide: false)], 2).ridesUsed == 1)
    #expect(use(carnet, [ride(1)], 365).state == .expired)
  }

  @Test func aPassWaitsForItsFirstRideOrItsDate() {
    let waiting = terms(100, fromFirstUse: true)
    #expect(use(waiting, [], 500).state == .sold)
    #expect(use(waiting, [ride(10)], 10).days == first.adding(days: 10)...first.adding(days: 39))
    let later = terms(100, sold: 5)
    #expect(use(later, [], 4).state == .sold)
    #expect(use(later, [], 5).state == .activated)
    #expect(use(later, [], 35).state == .expired)
  }

  @Test func aMonthEndsWithTheCalendar() throws {
    let day = try #require(Day(year: 2028, month: 2, day: 10))
    var month = terms(100)
    month.validity = .calendarMonth
    let days = month.days(from: day, at: clock.start(of: day), clock: clock)
    #expect(days.upperBound == Day(year: 2028, month: 2, day: 29))
  }

  @Test func twoCarnetsOfOneNameAreUsedOneAfterTheOther() {
    let older = terms(100, days: 365, rides: 2)
    let newer = terms(100, days: 365, rides: 2, sold: 1)
    let rides = [ride(1), ride(2), ride(3), ride(4)]
    let assigned = RideCounting.assign(
      rides, to: [older, newer], returnedOn: [nil, nil], clock: clock)
    #expect(assigned == [[ride(1), ride(2)], [ride(3), ride(4)]])
  }

  @Test func aPassThatWaitsIsNotBegunWhileAnotherHolds() {
    let begun = terms(100, days: 30, fromFirstUse: true)
    let waiting = terms(100, days: 30, fromFirstUse: true, sold: 1)
    let rides = [ride(2), ride(5), ride(31), ride(33)]
    let assigned = RideCounting.assign(
      rides, to: [begun, waiting], returnedOn: [nil, nil], clock: clock)
    #expect(assigned == [[ride(2), ride(5), ride(31)], [ride(33)]])
  }

  @Test func aCarnetGivenBackCarriesNothingAfterwards() {
    let carnet = terms(100, days: 365, rides: 10)
    let assigned = RideCounting.assign(
      [ride(1), ride(2)], to: [carnet, carnet], returnedOn: [first.adding(days: 1), nil],
      clock: clock)
    #expect(assigned == [[ride(1)], [ride(2)]])
  }
}

@Suite struct SharingTests {
  /// 100.00 by the nominal fares 1:1:1: the kopiyka that is left goes to the first.
  @Test func sharesComeToTheAmount() {
    #expect(Sharing.shares(of: 10_000, by: [1, 1, 1]) == [3334, 3333, 3333])
    #expect(Sharing.shares(of: 5, by: [0, 7]) == [0, 5])
    #expect(Sharing.shares(of: 100, by: [2, 3]) == [40, 60])
    #expect(Sharing.shares(of: 100, by: [0, 0]) == nil)
    #expect(Sharing.shares(of: 100, by: []) == nil)
    #expect(Sharing.shares(of: .max, by: [.max, .max]) == [.max / 2 + 1, .max / 2])
  }

  @Test(arguments: 1...100 as ClosedRange<UInt64>)
  func noMinorUnitIsLostOrMade(seed: UInt64) throws {
    var chance = SeededGenerator(seed: seed)
    let amount = Int64(chance.integer(in: 0...1_000_000_000))
    let weights = (0..<chance.integer(in: 1...9)).map { _ in
      Int64(chance.integer(in: 0...100_000))
    }
    guard weights.contains(where: { $0 > 0 }) else { return }
    let shares = try #require(Sharing.shares(of: amount, by: weights))
    #expect(shares.reduce(0, +) == amount)
    let total = Double(weights.reduce(0, +))
    for (share, weight) in zip(shares, weights) {
      #expect(abs(Double(share) - Double(amount) * Double(weight) / total) < 1)
    }
  }
}

@Suite struct ProofCheckTests {
  private func proof(_ category: String, _ from: Int, _ to: Int?) -> ProvenDays {
    ProvenDays(
      category: category, first: first.adding(days: from),
      last: to.map { first.adding(days: $0) })
  }

  @Test func aSecondCategoryOnADayIsAContradiction() throws {
    let pupil = proof("pupil", 0, 100)
    for other in [proof("pensioner", 50, nil), proof("pensioner", 100, 100), proof("x", -5, 0)] {
      #expect(throws: ProofRefusal.contradicts(pupil)) {
        try ProofCheck.endings(for: other, among: [pupil], isReplacing: false)
      }
    }
    #expect(
      try ProofCheck.endings(
        for: proof("pensioner", 101, nil), among: [pupil], isReplacing: false
      ).isEmpty)
    #expect(
      try ProofCheck.endings(
        for: proof("pupil", 50, 400), among: [pupil], isReplacing: false
      ).isEmpty)
  }

  @Test func aProofThatTakesThePlaceOfAnotherEndsItTheDayBefore() throws {
    let pupil = proof("pupil", 0, nil)
    let student = proof("student", 30, nil)
    let endings = try ProofCheck.endings(for: student, among: [pupil], isReplacing: true)
    #expect(endings.map(\.proof) == [pupil])
    #expect(endings.map(\.lastDay) == [first.adding(days: 29)])
  }

  /// Who was written down as a student is a pupil, from the same day or from an earlier one on.
  @Test func aProofThatTakesThePlaceOfALaterOneLeavesNothingOfIt() throws {
    let student = proof("student", 30, 100)
    for pupil in [proof("pupil", 0, nil), proof("pupil", 30, 50)] {
      let endings = try ProofCheck.endings(for: pupil, among: [student], isReplacing: true)
      #expect(endings.map(\.proof) == [student])
      #expect(endings.map(\.lastDay) == [nil])
      #expect(throws: ProofRefusal.contradicts(student)) {
        try ProofCheck.endings(for: pupil, among: [student], isReplacing: false)
      }
    }
  }

  @Test func daysThatRunBackwardsAreRefused() {
    #expect(throws: ProofRefusal.days) {
      try ProofCheck.endings(for: proof("pupil", 2, 1), among: [], isReplacing: true)
    }
  }
}
