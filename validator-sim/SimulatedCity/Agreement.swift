import Basics
import Tapping
import Transit

/// How what the service says compares with what happened, tap for tap.
package struct Agreement: Sendable, Equatable {
  /// Examples kept of each kind of disagreement.
  static let examplesMax = 5

  /// Taps recorded by validators.
  package var recorded = 0
  /// Taps that the service has once and with the same content.
  package var equal = 0
  package var missing = 0
  /// Taps that the service has more than once.
  package var doubled = 0
  /// Numbers that no validator gave.
  package var invented = 0
  /// Taps that the service has with other content.
  package var different = 0
  /// Taps that the service has, but has not read yet.
  package var waiting = 0
  /// Taps that the service turned away into quarantine.
  package var quarantined = 0
  /// Boardings for which the service names a stop, and those where it is the right one.
  package var boardingsPlaced = 0
  package var boardingsRight = 0
  /// Alightings for which the service names a stop, and those where it is the right one.
  package var alightingsPlaced = 0
  package var alightingsRight = 0
  /// The first of each kind, for people.
  package var examples: [String] = []

  /// Starts at nothing.
  package init() {}

  /// Whether every tap is there once, as it was recorded, and nothing else.
  package var isExact: Bool {
    equal == recorded && missing == 0 && doubled == 0 && invented == 0 && different == 0
      && quarantined == 0 && waiting == 0
  }

  /// Share of all boardings whose stop was found rightly.
  package var boardingShare: Double { Self.share(boardingsRight, of: recorded) }
  /// Share of all alightings whose stop was found rightly.
  package var alightingShare: Double { Self.share(alightingsRight, of: recorded) }

  private static func share(_ part: Int, of whole: Int) -> Double {
    whole == 0 ? 1 : Double(part) / Double(whole)
  }

  /// Compares one device's taps.
  package mutating func compare(
    _ audited: [AuditedTap], with day: ValidatorDay, of validators: Validators
  ) {
    let bySeq = Dictionary(grouping: audited, by: \.seq)
    recorded += day.rides.count
    for number in day.rides.indices {
      let tap = validators.tap(number, of: day)
      guard let found = bySeq[tap.seq], let first = found.first else {
        missing += 1
        note("\(day.device) tap \(tap.seq) is missing")
        continue
      }
      if found.count > 1 {
        doubled += 1
        note("\(day.device) tap \(tap.seq) is there \(found.count) times")
      } else if first.state == "quarantined" {
        quarantined += 1
        note("\(day.device) tap \(tap.seq) is in quarantine")
      } else if first.at == nil {
        waiting += 1
      } else if let difference = Self.difference(first, tap, day) {
        different += 1
        note("\(day.device) tap \(tap.seq): \(difference)")
      } else {
        equal += 1
      }
      comparePlaces(first, day.rides[number], validators.fleet)
    }
    let strangers = bySeq.keys.filter { $0 < 1 || $0 > Int64(day.rides.count) }
    invented += strangers.count
    if let stranger = strangers.min() { note("\(day.device) has no tap \(stranger)") }
  }

  private mutating func comparePlaces(_ audited: AuditedTap, _ ride: Ride, _ fleet: Fleet) {
    let calls = fleet.vehicles[ride.board.vehicle].trips[ride.board.trip].calls
    if let stop = audited.stop {
      boardingsPlaced += 1
      if stop == fleet.network.stops[calls[ride.board.call].stop].id { boardingsRight += 1 }
    }
    if let stop = audited.alightStop {
      alightingsPlaced += 1
      if stop == fleet.network.stops[calls[ride.alightCall].stop].id { alightingsRight += 1 }
    }
  }

  /// In what a stored tap differs from the recorded one; nil when in nothing.
  ///
  /// Its time may be the device's, or that corrected by the whole hours the clock was ahead.
  private static func difference(
    _ audited: AuditedTap, _ tap: Tap, _ day: ValidatorDay
  ) -> String? {
    let corrected = tap.at.adding(seconds: -Int64(day.clockErrorSeconds))
    if let at = audited.at, at != tap.at, at != corrected {
      return "the time is \(at), recorded was \(tap.at)"
    }
    if let medium = audited.medium, medium != tap.medium.rawValue {
      return "the medium is \(medium), recorded was \(tap.medium.rawValue)"
    }
    if let riders = audited.riders, riders != tap.riders {
      return "the number of riders is \(riders), recorded was \(tap.riders)"
    }
    for (name, said, recorded) in [
      ("vehicle", audited.vehicle, tap.vehicle), ("route", audited.route, tap.route),
      ("direction", audited.direction.map(String.init), tap.direction.map(String.init)),
    ] {
      if let said, said != recorded {
        return "the \(name) is \(said), recorded was \(recorded ?? "none")"
      }
    }
    return nil
  }

  private mutating func note(_ text: String) {
    if examples.count < Self.examplesMax { examples.append(text) }
  }
}
