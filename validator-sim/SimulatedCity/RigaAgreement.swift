import Basics
package import Tapping

/// How what the service says of the Riga day compares with what was posted.
package struct RigaAgreement: Sendable, Equatable {
  /// Examples kept for people.
  static let examplesMax = 5

  package var posted = 0
  /// Taps that the service has once, with the same time, vehicle, route and direction.
  package var equal = 0
  package var missing = 0
  package var doubled = 0
  package var invented = 0
  package var different = 0
  /// Taps that the service has, but has not read yet.
  package var waiting = 0
  /// Taps for which the service names the stop of boarding, and of alighting.
  package var placed = 0
  package var alighted = 0
  /// Taps by state, as the service tells it.
  package var states: [String: Int] = [:]
  package var examples: [String] = []

  /// Starts at nothing.
  package init() {}

  /// Whether every tap is there once, as it was posted, and nothing else.
  package var isExact: Bool {
    equal == posted && missing == 0 && doubled == 0 && invented == 0 && different == 0
      && waiting == 0
  }

  /// Compares the taps of one device.
  package mutating func compare(_ audited: [AuditedTap], device: String, taps: [Tap]) {
    let bySeq = Dictionary(grouping: audited, by: \.seq)
    posted += taps.count
    for tap in taps {
      guard let found = bySeq[tap.seq], let first = found.first else {
        missing += 1
        note("\(device) tap \(tap.seq) is missing")
        continue
      }
      let isEqual =
        first.at == tap.at && first.vehicle ?? tap.vehicle == tap.vehicle
        && first.route ?? tap.route == tap.route
        && first.direction ?? tap.direction == tap.direction
      if found.count > 1 {
        doubled += 1
        note("\(device) tap \(tap.seq) is there \(found.count) times")
      } else if first.at == nil {
        waiting += 1
      } else if isEqual {
        equal += 1
      } else {
        different += 1
        note("\(device) tap \(tap.seq) differs")
      }
      states[first.state, default: 0] += 1
      placed += first.stop == nil ? 0 : 1
      alighted += first.alightStop == nil ? 0 : 1
    }
    let known = Set(taps.map(\.seq))
    invented += bySeq.keys.count { !known.contains($0) }
  }

  private mutating func note(_ text: String) {
    if examples.count < Self.examplesMax { examples.append(text) }
  }
}
