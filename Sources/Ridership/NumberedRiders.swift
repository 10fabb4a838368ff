import Basics

/// Riders by numbers, as long as they are fewer than k: without any memory of their own, as they are added up often.
struct NumberedRiders {
  /// Most riders that are fewer than k.
  static let countMax = SIMD8<Int32>.scalarCount

  /// Those of fewer than k; empty places are negative.
  private var numbers = SIMD8<Int32>(repeating: -1)
  /// How many they are.
  private(set) var count = 0
  /// Whether they are fewer than k; else nothing more is known of them.
  private(set) var areFew = true
  /// k.
  private var ridersMin = Int.max

  /// Nobody.
  init() {}

  /// Nobody, of k.
  init(ridersMin: Int) {
    precondition(ridersMin <= Self.countMax + 1, "riders that are few have places")
    self.ridersMin = ridersMin
  }

  /// k riders or more.
  static let many: NumberedRiders = {
    var many = NumberedRiders()
    many.areFew = false
    return many
  }()

  /// Takes one more.
  mutating func insert(_ number: Int32) {
    guard areFew, !contains(number) else { return }
    guard count + 1 < ridersMin else {
      areFew = false
      return
    }
    numbers[count] = number
    count += 1
  }

  /// Takes others too.
  mutating func formUnion(_ others: NumberedRiders) {
    guard areFew else { return }
    guard others.areFew else {
      areFew = false
      return
    }
    ridersMin = min(ridersMin, others.ridersMin)
    for place in 0..<others.count { insert(others.numbers[place]) }
  }

  /// Leaves those out that are among some.
  mutating func subtract(_ others: NumberedRiders) {
    var rest = NumberedRiders(ridersMin: ridersMin)
    for place in 0..<count where !others.contains(numbers[place]) { rest.insert(numbers[place]) }
    self = rest
  }

  private func contains(_ number: Int32) -> Bool {
    any(numbers .== SIMD8(repeating: number))
  }
}

/// People who rode, and the numbers of those who tapped for them.
struct NumberedGroup {
  var people = 0
  var riders = NumberedRiders()

  /// Whether the riders are fewer than k.
  var areFew: Bool { riders.areFew }

  /// Takes another group too.
  mutating func add(_ other: NumberedGroup) {
    people += other.people
    riders.formUnion(other.riders)
  }
}

/// Gives riders their numbers.
struct RiderNumbers {
  private var numbers: [RiderID: Int32] = [:]
  private var next: Int32 = 0
  /// Whether a rider of few was met in two groups.
  private(set) var isAnyMet = false

  /// The riders of a group; nothing is known of k or more.
  mutating func riders(of group: SomeRiders, fewerThan ridersMin: Int) -> NumberedRiders {
    guard group.count < ridersMin else { return .many }
    var riders = NumberedRiders(ridersMin: ridersMin)
    for id in group.ids {
      if let known = numbers[id] {
        isAnyMet = true
        riders.insert(known)
      } else {
        numbers[id] = next
        riders.insert(next)
        next += 1
      }
    }
    // Of the others nothing is known but that each is another.
    for _ in group.ids.count..<group.count {
      riders.insert(next)
      next += 1
    }
    return riders
  }
}
