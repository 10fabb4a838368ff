/// A set of tap numbers as sorted ranges with space between them: a device's register.
///
/// Its text is that of PostgreSQL's `int8multirange`: `{[1,5),[7,9)}`.
package struct SequenceRanges: Hashable, Sendable {
  /// Sorted; never empty, never overlapping, never touching.
  package private(set) var ranges: [Range<Int64>] = []

  /// Makes an empty set.
  package init() {}

  /// Makes a set from ranges in any order; they may overlap or be empty.
  package init(_ ranges: some Sequence<Range<Int64>>) {
    for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) { insert(range) }
  }

  package var isEmpty: Bool { ranges.isEmpty }

  /// The largest number; nil when empty.
  package var last: Int64? { ranges.last.map { $0.upperBound - 1 } }

  /// Whether a number is in the set.
  package func contains(_ number: Int64) -> Bool {
    let index = firstIndex(endingAfter: number)
    return index < ranges.count && ranges[index].lowerBound <= number
  }

  /// Adds a number below `Int64.max`; false when it was there already.
  @discardableResult package mutating func insert(_ number: Int64) -> Bool {
    guard !contains(number) else { return false }
    insert(number..<number + 1)
    return true
  }

  /// Adds a range of numbers.
  package mutating func insert(_ range: Range<Int64>) {
    guard !range.isEmpty else { return }
    // From the first range that touches the new one to the first that lies wholly after it.
    var low = firstIndex(endingAfter: range.lowerBound)
    if low > 0, ranges[low - 1].upperBound == range.lowerBound { low -= 1 }
    var high = low
    var merged = range
    while high < ranges.count, ranges[high].lowerBound <= range.upperBound {
      merged =
        min(
          merged.lowerBound, ranges[high].lowerBound)..<max(
          merged.upperBound, ranges[high].upperBound)
      high += 1
    }
    ranges.replaceSubrange(low..<high, with: CollectionOfOne(merged))
  }

  /// Adds all numbers of another set.
  package mutating func formUnion(_ other: SequenceRanges) {
    for range in other.ranges { insert(range) }
  }

  /// Holes between `first` and the largest number of the set, oldest first, at most a count.
  package func gaps(from first: Int64 = 1, countMax: Int = .max) -> [ClosedRange<Int64>] {
    var gaps: [ClosedRange<Int64>] = []
    var next = first
    for range in ranges where range.upperBound > first {
      guard gaps.count < countMax else { break }
      if range.lowerBound > next { gaps.append(next...range.lowerBound - 1) }
      next = max(next, range.upperBound)
    }
    return gaps
  }

  /// Index of the first range whose end lies after a number.
  private func firstIndex(endingAfter number: Int64) -> Int {
    // Devices count upwards: nearly always it is the last range or behind it.
    if let last = ranges.last, number >= last.lowerBound {
      return last.upperBound > number ? ranges.count - 1 : ranges.count
    }
    var low = 0
    var high = ranges.count
    while low < high {
      let middle = (low + high) / 2
      if ranges[middle].upperBound > number { high = middle } else { low = middle + 1 }
    }
    return low
  }
}

/// What a device is told about its numbers.
package struct Acknowledgement: Hashable, Sendable {
  /// Every number from 1 to here is either stored or listed in `missing`; 0 when none is known.
  ///
  /// A device may forget all up to here but the numbers listed in `missing`, which it is asked to
  /// send again if it has them.
  package var ackThrough: Int64
  /// Holes at or below `ackThrough`, oldest first.
  package var missing: [ClosedRange<Int64>]
}

extension SequenceRanges {
  /// Most holes named in one answer.
  package static let missingRangesMax = 100

  /// What to tell the device; it never passes a hole that is not listed.
  ///
  /// With more holes than the limit, the acknowledgement ends before the first that is left out:
  /// the rest is told when the older ones are filled.
  package func acknowledgement(
    missingRangesMax: Int = SequenceRanges.missingRangesMax
  ) -> Acknowledgement {
    var missing = gaps(countMax: missingRangesMax + 1)
    guard missing.count > missingRangesMax else {
      return Acknowledgement(ackThrough: max(0, last ?? 0), missing: missing)
    }
    let firstUnlisted = missing.removeLast()
    return Acknowledgement(ackThrough: firstUnlisted.lowerBound - 1, missing: missing)
  }
}

extension SequenceRanges: CustomStringConvertible {
  /// The set as PostgreSQL writes an `int8multirange`.
  package var description: String {
    "{" + ranges.map { "[\($0.lowerBound),\($0.upperBound))" }.joined(separator: ",") + "}"
  }

  /// Reads the text of an `int8multirange` with finite bounds; nil when it is anything else.
  ///
  /// Both kinds of brackets are read: `(0,4]` is `[1,5)`.
  package init?(_ text: some StringProtocol) {
    var rest = Substring(text).utf8[...]
    guard rest.popFirst() == 0x7B else { return nil }
    var ranges: [Range<Int64>] = []
    if rest.first == 0x7D {
      rest.removeFirst()
    } else {
      while true {
        guard let range = SequenceRanges.takeRange(&rest) else { return nil }
        ranges.append(range)
        guard let separator = rest.popFirst(), separator == 0x2C || separator == 0x7D else {
          return nil
        }
        if separator == 0x7D { break }
      }
    }
    guard rest.isEmpty else { return nil }
    self.init(ranges)
  }

  private static func takeRange(_ rest: inout Substring.UTF8View.SubSequence) -> Range<Int64>? {
    guard let open = rest.popFirst(), open == 0x5B || open == 0x28,
      let comma = rest.firstIndex(of: 0x2C), var low = Int64(Substring(rest[..<comma])),
      let end = rest.firstIndex(where: { $0 == 0x29 || $0 == 0x5D }), comma < end,
      var high = Int64(Substring(rest[rest.index(after: comma)..<end]))
    else { return nil }
    if open == 0x28 {
      guard low < .max else { return nil }
      low += 1
    }
    if rest[end] == 0x5D {
      guard high < .max else { return nil }
      high += 1
    }
    rest = rest[rest.index(after: end)...]
    return low <= high ? low..<high : nil
  }
}
