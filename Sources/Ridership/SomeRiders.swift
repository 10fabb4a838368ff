package import Basics

/// Different riders, as far as it takes to know that they are no small group.
package struct SomeRiders: Hashable, Sendable {
  /// Most riders that are told apart: as many as the smallest group that is shown has.
  package static let countMax = SmallCells.ridersMinDefault

  /// The riders that are known, each once; without the others where they are ``countMax``.
  private(set) var ids: [RiderID] = []
  /// Riders of whom nothing is known but that each is another.
  private var others = 0

  /// Takes riders that are known.
  package init(_ ids: some Sequence<RiderID> = []) { for id in ids { insert(id) } }

  /// Takes riders of whom nothing is known but that each is another.
  package init(others: Int) { self.others = min(others, Self.countMax) }

  /// How many they are; ``countMax`` stands for more too.
  package var count: Int { min(ids.count + others, Self.countMax) }

  /// Takes one more.
  package mutating func insert(_ id: RiderID) {
    guard count < Self.countMax, !ids.contains(id) else { return }
    ids.append(id)
  }

  /// Takes others too.
  package mutating func formUnion(_ riders: SomeRiders) {
    guard count < Self.countMax else { return }
    others = min(others + riders.others, Self.countMax)
    for id in riders.ids { insert(id) }
  }

  /// Those that are not among some; riders of whom nothing is known are not.
  func subtracting(_ seen: Set<RiderID>) -> SomeRiders {
    var rest = self
    rest.ids.removeAll { seen.contains($0) }
    return rest
  }
}

/// People who rode, and the riders who tapped for them.
package struct RiderGroup: Hashable, Sendable {
  /// A rider counts as often as they ride, and with whoever rides along.
  package var people: Int
  package var riders: SomeRiders

  /// Makes a group.
  package init(people: Int = 0, riders: SomeRiders = SomeRiders()) {
    self.people = people
    self.riders = riders
  }

  /// Takes another group too.
  package mutating func add(_ other: RiderGroup) {
    people += other.people
    riders.formUnion(other.riders)
  }
}

extension SmallCells {
  /// Whether riders are fewer than k.
  func areFew(_ riders: SomeRiders) -> Bool {
    riders.count < min(ridersMin, SomeRiders.countMax)
  }

  /// Whether people are hidden by their riders: fewer than k, who rode more than once or not alone.
  func isFew(_ group: RiderGroup) -> Bool {
    areFew(group.riders) && group.people > group.riders.count
  }

  /// Whether people are k - 1, each another rider: they may be told as k.
  func isNearlyK(_ group: RiderGroup) -> Bool {
    group.people == ridersMin - 1 && group.riders.count == group.people
  }

  /// A number that stands beside no parts of it: of fewer than k riders each counts once.
  package func rounded(_ group: RiderGroup) -> Int { rounded(countedOnce(group).people) }

  /// A number that stands beside parts of it, by direction, hour or place: of fewer than k riders in a part each counts once.
  func rounded(_ parts: [RiderGroup]) -> Int {
    var whole = RiderGroup()
    for part in parts { whole.add(countedOnce(part)) }
    return rounded(whole)
  }

  /// A group in which fewer than k riders count once.
  package func countedOnce(_ group: RiderGroup) -> RiderGroup {
    guard areFew(group.riders) else { return group }
    return RiderGroup(people: group.riders.count, riders: group.riders)
  }
}
