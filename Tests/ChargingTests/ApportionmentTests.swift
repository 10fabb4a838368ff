import Basics
import Charging
import Testing

/// Rides in order: operator, nominal, charged, metres; `linked`, `capped` or `none` by letters; what a product
/// pays.
private func ride(
  _ name: String?, _ nominal: Int64, _ charged: Int64, _ metres: Int64? = nil, _ marks: String = "",
  carried: Int64 = 0
) -> Apportionment.Ride {
  Apportionment.Ride(
    operatorID: name, nominalMinor: nominal, chargedMinor: charged, metres: metres,
    isLinked: marks.contains("l"), isCapped: marks.contains("c"), carriedMinor: carried,
    isNoRide: marks.contains("n"))
}

@Suite struct ApportionmentTests {
  /// A tram for 10.00 and a free transfer to a bus that costs 6.00 by itself: 10.00 to share.
  private let transfer = [
    ride("tram", 1000, 1000, 5000), ride("bus", 600, 0, 2500, "l"),
  ]

  @Test(arguments: [
    (Apportionment.Rule.own, [1000, 0]), (.firstRide, [1000, 0]), (.equal, [500, 500]),
    (.nominal, [625, 375]), (.distance, [667, 333]),
  ]) func aTransferIsSharedByTheRule(_ rule: Apportionment.Rule, _ shares: [Int64]) {
    #expect(Apportionment(rule).shares(transfer) == shares)
  }

  /// The same transfer, also as a later ride of the tram's ticket, and a second tap at the tram before it.
  @Test(arguments: [
    (Apportionment.Rule.own, [1000, 0, 0]), (.firstRide, [1000, 0, 0]), (.equal, [500, 0, 500]),
    (.nominal, [625, 0, 375]), (.distance, [667, 0, 333]),
  ]) func aDoubledTapBreaksNoLink(_ rule: Apportionment.Rule, _ shares: [Int64]) {
    for metres in [nil, 0] as [Int64?] {
      let rides = [transfer[0], ride("tram", 0, 0, metres, "n"), transfer[1]]
      #expect(Apportionment(rule).shares(rides) == shares)
    }
  }

  /// A tram for 10.00, on and off at one stop of the metro, and a bus for 2.00 more: 12.00 to share.
  @Test(arguments: [
    (Apportionment.Rule.own, [1000, 0, 200]), (.firstRide, [1200, 0, 0]), (.equal, [600, 0, 600]),
    (.nominal, [750, 0, 450]), (.distance, [800, 0, 400]),
  ]) func aRideThatWasCancelledBreaksNoLink(_ rule: Apportionment.Rule, _ shares: [Int64]) {
    let rides = [
      ride("tram", 1000, 1000, 5000), ride("metro", 0, 0, nil, "n"),
      ride("bus", 600, 200, 2500, "l"),
    ]
    #expect(Apportionment(rule).shares(rides) == shares)
  }

  /// On and off at one stop of the metro, a tram for 10.00 that is tapped twice, and a bus of which a cap of
  /// 15.00 leaves 5.00.
  @Test(arguments: [
    (Apportionment.Rule.own, [0, 1000, 0, 500]), (.firstRide, [0, 1500, 0, 0]),
    (.equal, [0, 750, 0, 750]), (.nominal, [0, 938, 0, 562]), (.distance, [0, 1000, 0, 500]),
  ]) func whatIsNoRideHasNoPartInACap(_ rule: Apportionment.Rule, _ shares: [Int64]) {
    let rides = [
      ride("metro", 0, 0, nil, "n"), ride("tram", 1000, 1000, 5000), ride("tram", 0, 0, nil, "n"),
      ride("bus", 600, 500, 2500, "c"),
    ]
    #expect(Apportionment(rule).shares(rides) == shares)
  }

  /// A tram for 10.00; hours later 10.00 for a ride with nobody knows whom, and a bus by free transfer from it.
  @Test(arguments: Apportionment.Rule.allCases)
  func aTransferFromARideOfAnUnknownOperatorTakesNothingFromTheOneBefore(
    _ rule: Apportionment.Rule
  ) {
    let rides = [
      ride("tram", 1000, 1000, 5000), ride(nil, 1000, 1000), ride("bus", 600, 0, 2500, "l"),
    ]
    #expect(Apportionment(rule).shares(rides) == [1000, 1000, 0])
  }

  @Test func aRideOfAnUnknownOperatorKeepsItsOwnAndLeavesTheRestToTheOthers() {
    // In the middle of a transfer from the tram to the bus.
    let middle = [transfer[0], ride(nil, 800, 100, nil, "l"), transfer[1]]
    #expect(Apportionment(.nominal).shares(middle) == [625, 100, 375])
    #expect(Apportionment(.distance).shares(middle) == [667, 100, 333])
    // Under a cap of 20.00: 12.00 are the two others'.
    let capped = [ride("tram", 800, 800), ride(nil, 800, 800), ride("bus", 800, 400, nil, "c")]
    #expect(Apportionment(.equal).shares(capped) == [600, 800, 600])
    #expect(Apportionment(.firstRide).shares(capped) == [1200, 800, 0])
  }

  @Test func ridesThatDoNotBelongTogetherKeepTheirOwn() {
    let rides = transfer + [ride("metro", 800, 800)]
    #expect(Apportionment(.equal).shares(rides) == [500, 500, 800])
  }

  @Test func aCapIsSharedByAllRidesOfTheDay() {
    // Three rides of 8.00; the cap of 20.00 takes 4.00 off the last one.
    let rides = [
      ride("tram", 800, 800), ride("bus", 800, 800), ride("bus", 800, 400, nil, "c"),
    ]
    #expect(Apportionment(.nominal).shares(rides) == [667, 667, 666])
    #expect(Apportionment(.firstRide).shares(rides) == [2000, 0, 0])
  }

  /// A day is shared by itself: who carried the rider until the week's cap was reached keeps that.
  @Test func aDayAfterAWeeksCapBringsItsOperatorNothing() {
    let after = [ride("bus", 800, 0, 2500, "c"), ride("bus", 800, 0, 2500, "c")]
    for rule in Apportionment.Rule.allCases {
      #expect(Apportionment(rule).shares(after) == [0, 0])
      #expect(Apportionment(rule).shares(Array(after.prefix(1))) == [0])
    }
    // The little that is left of a day is shared by its rides, and by no other's.
    let last = [ride("tram", 800, 300, 2500, "c"), ride("bus", 800, 0, 2500, "c")]
    #expect(Apportionment(.equal).shares(last) == [150, 150])
  }

  /// A metro ride of 8.00 on a pass, whose money comes to the metro with the pass; then a cap of 20.00.
  @Test func whatAProductPaysHasNoPartInACap() {
    let rides = [
      ride("metro", 800, 0, 9000, carried: 800), ride("bus", 800, 800, 3000),
      ride("bus", 800, 800, 2000), ride("tram", 800, 400, 5000, "c"),
    ]
    #expect(Apportionment(.nominal).shares(rides) == [0, 667, 667, 666])
    #expect(Apportionment(.equal).shares(rides) == [0, 667, 667, 666])
    #expect(Apportionment(.distance).shares(rides) == [0, 600, 400, 1000])
    #expect(Apportionment(.firstRide).shares(rides) == [0, 2000, 0, 0])
  }

  /// A pass pays 6.00 of a metro ride of 8.00, a bus of 6.00 is a free transfer from it.
  @Test func ofARideThatAProductPaysInPartTheRestCounts() {
    let rides = [ride("metro", 800, 200, nil, carried: 600), ride("bus", 600, 0, nil, "l")]
    #expect(Apportionment(.nominal).shares(rides) == [50, 150])
    // What it charges beside the product, as a fee for the night, it keeps.
    let night = [ride("metro", 800, 150, nil, carried: 800), ride("bus", 600, 300, nil, "l")]
    #expect(Apportionment(.nominal).shares(night) == [150, 300])
  }

  @Test func anUnknownDistanceFallsBackToNominal() {
    let rides = [ride("tram", 1000, 1000, 5000), ride("bus", 1000, 0, nil, "l")]
    #expect(Apportionment(.distance).shares(rides) == [500, 500])
  }

  @Test func leftoversGoToTheLargestRemaindersAndThenToTheEarlier() {
    #expect(Apportionment.split(100, by: [1, 1, 1]) == [34, 33, 33])
    #expect(Apportionment.split(-100, by: [1, 1, 1]) == [-34, -33, -33])
    #expect(Apportionment.split(10, by: [0, 0]) == [5, 5])
    #expect(Apportionment.split(5, by: [1, 2, 4]) == [1, 1, 3])
    let most = Int64.max
    #expect(Apportionment.split(most, by: [most, most]) == [most / 2 + 1, most / 2])
  }

  @Test(arguments: 1...50 as ClosedRange<UInt64>) func theSumNeverChanges(seed: UInt64) {
    var chance = SeededGenerator(seed: seed)
    for rule in Apportionment.Rule.allCases {
      let rides = (0..<chance.integer(in: 1...9)).map { _ in
        ride(
          chance.chance(0.1) ? nil : "o\(chance.integer(in: 1...3))",
          Int64(chance.integer(in: 0...2000)), Int64(chance.integer(in: 0...2000)),
          chance.chance(0.8) ? Int64(chance.integer(in: 0...30_000)) : nil,
          (chance.chance(0.4) ? "l" : "") + (chance.chance(0.1) ? "c" : "")
            + (chance.chance(0.1) ? "n" : ""),
          carried: chance.chance(0.2) ? Int64(chance.integer(in: 0...2000)) : 0)
      }
      let shares = Apportionment(rule).shares(rides)
      #expect(shares.reduce(0, +) == rides.reduce(0) { $0 + $1.chargedMinor })
      #expect(shares.allSatisfy { $0 >= 0 })
    }
  }
}
