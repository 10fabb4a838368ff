package import Basics

/// Where a validator is mounted.
package enum DevicePlace: Hashable, Sendable {
  case vehicle(String)
  case stop(String)

  package var vehicle: String? { if case .vehicle(let name) = self { name } else { nil } }
  package var stop: String? { if case .stop(let name) = self { name } else { nil } }

  /// Whether a vehicle or a stop may be called so: as a tap names it, and not by an empty name, which means none.
  package static func isGoodName(_ name: String) -> Bool {
    (1...TapLimits.textBytesMax).contains(name.utf8.count) && !name.utf8.contains(0)
  }
}

/// A validator's place for a time.
package struct DeviceAssignment: Hashable, Sendable {
  package var place: DevicePlace
  package var from: Instant
  /// First moment at which it no longer holds; nil is for good.
  package var to: Instant?

  /// Makes an assignment.
  package init(_ place: DevicePlace, from: Instant, to: Instant? = nil) {
    self.place = place
    self.from = from
    self.to = to
  }

  /// Whether it holds at a moment.
  package func holds(at moment: Instant) -> Bool {
    from <= moment && (to.map { moment < $0 } ?? true)
  }
}

/// The places of one validator through time: at any moment one at most.
package struct DeviceAssignments: Hashable, Sendable {
  /// In order of time; no two hold at one moment.
  package private(set) var entries: [DeviceAssignment]

  /// Makes the places of a device; the entries do not overlap.
  package init(_ entries: [DeviceAssignment] = []) {
    self.entries = entries.sorted { $0.from < $1.from }
  }

  /// The place at a moment; nil when it has none.
  package func place(at moment: Instant) -> DevicePlace? {
    // Few entries, and mostly the last one is asked for.
    entries.last { $0.from <= moment }.flatMap { $0.holds(at: moment) ? $0.place : nil }
  }

  /// Puts a place, or none, over a time; what held in it before is cut, split or gone.
  ///
  /// An end at or before the beginning changes nothing.
  package mutating func assign(_ place: DevicePlace?, from: Instant, to: Instant? = nil) {
    if let to, to <= from { return }
    var kept: [DeviceAssignment] = []
    for entry in entries {
      if entry.from < from {
        var before = entry
        before.to = entry.to.map { min($0, from) } ?? from
        kept.append(before)
      }
      if let to, entry.to.map({ $0 > to }) ?? true {
        var after = entry
        after.from = max(entry.from, to)
        kept.append(after)
      }
    }
    if let place { kept.append(DeviceAssignment(place, from: from, to: to)) }
    entries = Self.joined(kept.sorted { $0.from < $1.from })
  }

  /// The same place twice in a row, without a pause, is one entry.
  private static func joined(_ entries: [DeviceAssignment]) -> [DeviceAssignment] {
    var joined: [DeviceAssignment] = []
    for entry in entries {
      if let last = joined.last, last.place == entry.place, last.to == entry.from {
        joined[joined.count - 1].to = entry.to
      } else {
        joined.append(entry)
      }
    }
    return joined
  }
}
