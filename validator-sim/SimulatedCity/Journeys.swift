import Basics
package import Transit

/// A ride on one vehicle, from boarding to alighting: what the service has to find out.
package struct Ride: Hashable, Sendable {
  package let rider: Int
  /// Where and on what the rider boarded.
  package let board: CallPlace
  /// Index of the call at which the rider got off.
  package let alightCall: Int
  /// When the rider held the medium to the validator, milliseconds of the service day, true time.
  package let tappedMilliseconds: Int
}

/// Someone with a medium.
package struct Rider: Hashable, Sendable {
  package let medium: MediumKind
  package let token: [UInt8]
  /// People who ride on one tap.
  package let groupSize: Int
}

/// The riders of a day: out, with a change of vehicle now and then, and back the same way.
package struct Journeys: Sendable {
  package let riders: [Rider]
  /// In order of rider and time.
  package let rides: [Ride]

  /// Sends riders through a day; the same for the same fleet and seed.
  package init(fleet: Fleet, riderCount: Int, seed: UInt64) {
    let departures = Departures(fleet)
    var riders: [Rider] = []
    var rides: [Ride] = []
    for number in 0..<riderCount {
      var generator = SeededGenerator(seed: seed ^ stableHash("rider \(number)".utf8))
      riders.append(Self.rider(&generator))
      guard !departures.boardingStops.isEmpty else { continue }
      var finder = WayFinder(
        rider: number, departures: departures, network: fleet.network, generator: generator)
      rides += finder.day()
    }
    self.riders = riders
    self.rides = rides
  }

  private static func rider(_ generator: inout SeededGenerator) -> Rider {
    let roll = generator.fraction()
    let medium: MediumKind =
      roll < 0.7 ? .card : roll < 0.9 ? .bank : roll < 0.98 ? .phone : .qr
    // 16 bytes by chance: never 13 to 19 digits, so never mistaken for a card number.
    let token = (0..<16).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
    return Rider(medium: medium, token: token, groupSize: generator.chance(0.04) ? 2 : 1)
  }
}
