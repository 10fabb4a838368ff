import Basics

/// Positions of one vehicle in the order of time, one for each moment, and what was left out.
package struct CleanTrack: Sendable {
  package var positions: [Position]
  /// Positions left out, by the name of the stage that did it.
  package var dropped: [String: Int]
}

/// One step of cleaning, from the positions of one vehicle to fewer.
package struct CleaningStage: Sendable {
  package let name: String
  fileprivate let clean: @Sendable ([Position]) -> [Position]
}

/// What happens to positions before anything is made of them.
///
/// The result is a function of the set of positions: neither their order nor repetition changes it.
package enum Cleaning {
  /// Fastest a vehicle gets between two positions; beyond it one of them is a jump.
  package static let speedMetresPerSecondMax = 45.0
  /// Metres a receiver may err without that being a jump, whatever the time between.
  package static let jumpMetresMin = 150.0
  /// Jumps in a row after which the vehicle is believed to be where it says.
  package static let jumpsInRowMax = 3

  /// The whole life of a position, in order.
  package static let stages: [CleaningStage] = [
    CleaningStage(name: "impossible") { positions in
      positions.filter { $0.coordinate.isPlausible }
    },
    CleaningStage(name: "sort") { positions in positions.sorted(by: precedes) },
    CleaningStage(name: "duplicate", clean: withoutDuplicates),
    CleaningStage(name: "jump", clean: withoutJumps),
  ]

  /// Cleans the positions of one vehicle.
  package static func clean(_ positions: [Position]) -> CleanTrack {
    var track = CleanTrack(positions: positions, dropped: [:])
    for stage in stages {
      let before = track.positions.count
      track.positions = stage.clean(track.positions)
      let dropped = before - track.positions.count
      if dropped > 0 { track.dropped[stage.name] = dropped }
    }
    return track
  }

  /// A total order over contents, so that the first of two positions of one moment is always the
  /// same.
  ///
  /// A position with a door event comes first: it says more than a periodical one.
  private static func precedes(_ left: Position, _ right: Position) -> Bool {
    if left.at != right.at { return left.at < right.at }
    let (leftDoor, rightDoor) = (left.door?.rawValue, right.door?.rawValue)
    if leftDoor != rightDoor {
      guard let leftDoor else { return false }
      guard let rightDoor else { return true }
      return leftDoor < rightDoor
    }
    return details(left) < details(right)
  }

  private static func details(_ position: Position) -> String {
    "\(position.trip ?? "")\u{1}\(position.route ?? "")\u{1}\(position.coordinate.latitude)\u{1}"
      + "\(position.coordinate.longitude)\u{1}\(position.speedMetresPerSecond ?? -1)\u{1}"
      + "\(position.bearingDegrees ?? -1)\u{1}\(position.passengers ?? -1)"
  }

  private static let withoutDuplicates: @Sendable ([Position]) -> [Position] = { positions in
    var kept: [Position] = []
    kept.reserveCapacity(positions.count)
    for position in positions where kept.last?.at != position.at { kept.append(position) }
    return kept
  }

  /// Drops positions that could only be reached faster than a vehicle drives.
  ///
  /// A receiver that jumps comes back; a vehicle whose receiver was wrong before does not. So after
  /// a few jumps in a row the new place is believed.
  private static let withoutJumps: @Sendable ([Position]) -> [Position] = { positions in
    var kept: [Position] = []
    kept.reserveCapacity(positions.count)
    var jumpsInRow = 0
    for position in positions {
      guard let last = kept.last, isJump(from: last, to: position), jumpsInRow < jumpsInRowMax
      else {
        kept.append(position)
        jumpsInRow = 0
        continue
      }
      jumpsInRow += 1
    }
    return kept
  }

  private static func isJump(from: Position, to: Position) -> Bool {
    let metres = from.coordinate.metres(to: to.coordinate)
    return metres > jumpMetresMin + speedMetresPerSecondMax * to.at.secondsSince(from.at)
  }
}
