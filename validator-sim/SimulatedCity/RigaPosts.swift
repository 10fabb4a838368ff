import Basics

/// One post of a vehicle's validator: some of its taps, by place in its list.
package struct RigaPost: Hashable, Sendable {
  /// Place of the vehicle in the list of vehicles.
  package let vehicle: Int
  package let taps: Range<Int>
  /// Whether the very same body was posted before.
  package let isRepeat: Bool
}

/// The order in which the taps of the Riga day are posted: shuffled, some twice, some hours late.
package enum RigaPosts {
  /// Most taps in a batch.
  static let tapsPerBatchMax = 12
  /// Share of batches that are posted twice.
  static let repeatShare = 0.15
  /// Share of vehicles that deliver everything after all others, as after hours in a garage.
  static let lateShare = 0.1

  /// Deals the taps of vehicles out to posts.
  package static func plan(tapCounts: [Int], seed: UInt64) -> [RigaPost] {
    var generator = SeededGenerator(seed: seed)
    var inTurn: [RigaPost] = []
    var late: [RigaPost] = []
    for (vehicle, count) in tapCounts.enumerated() {
      let isLate = generator.chance(lateShare)
      var start = 0
      while start < count {
        let end = min(count, start + generator.integer(in: 1...tapsPerBatchMax))
        let post = RigaPost(vehicle: vehicle, taps: start..<end, isRepeat: false)
        if isLate { late.append(post) } else { inTurn.append(post) }
        start = end
      }
    }
    inTurn.shuffle(using: &generator)
    late.shuffle(using: &generator)
    var plan = inTurn + late
    // A repeat comes anywhere after the first time.
    for index in stride(from: plan.count - 1, through: 0, by: -1)
    where generator.chance(repeatShare) {
      let post = plan[index]
      plan.insert(
        RigaPost(vehicle: post.vehicle, taps: post.taps, isRepeat: true),
        at: generator.integer(in: index + 1...plan.count))
    }
    return plan
  }
}
