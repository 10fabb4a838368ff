import Basics
import Transit

/// A place in the day of the fleet: which vehicle, which of its trips, which call of the trip.
package struct CallPlace: Hashable, Sendable {
  package let vehicle: Int
  package let trip: Int
  package let call: Int
}

/// Looks up who leaves a stop next.
struct Departures {
  private struct Entry {
    let seconds: Int
    let place: CallPlace
  }

  private let fleet: Fleet
  private let byStop: [[Entry]]

  /// Stops from which someone can board, by index in the network.
  let boardingStops: [Int]

  init(_ fleet: Fleet) {
    self.fleet = fleet
    var byStop = [[Entry]](repeating: [], count: fleet.network.stops.count)
    for (vehicle, work) in fleet.vehicles.enumerated() {
      for (trip, driven) in work.trips.enumerated() {
        for (call, at) in driven.calls.enumerated() where at.isBoarding {
          byStop[at.stop].append(
            Entry(
              seconds: at.departureSeconds,
              place: CallPlace(vehicle: vehicle, trip: trip, call: call)))
        }
      }
    }
    for stop in byStop.indices {
      byStop[stop].sort { left, right in
        (left.seconds, left.place.vehicle) < (right.seconds, right.place.vehicle)
      }
    }
    self.byStop = byStop
    boardingStops = byStop.indices.filter { !byStop[$0].isEmpty }
  }

  /// Departures from a stop from one second up to another, in order of time.
  func leaving(stop: Int, from: Int, to: Int, countMax: Int = .max) -> [CallPlace] {
    let entries = byStop[stop]
    var low = 0
    var high = entries.count
    while low < high {
      let middle = (low + high) / 2
      if entries[middle].seconds < from { low = middle + 1 } else { high = middle }
    }
    var found: [CallPlace] = []
    while low < entries.count, entries[low].seconds < to, found.count < countMax {
      found.append(entries[low].place)
      low += 1
    }
    return found
  }

  /// The driven trip of a place.
  func trip(_ place: CallPlace) -> DrivenTrip { fleet.vehicles[place.vehicle].trips[place.trip] }

  /// The call of a place.
  func call(_ place: CallPlace) -> Call { trip(place).calls[place.call] }
}
