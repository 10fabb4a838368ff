package import Basics

/// By how much a clearing run changed the fares of one operator, fare day and category.
package struct FareDifference: Hashable, Sendable {
  /// Nil when the operator of the rides is not known.
  package var operatorID: String?
  package var currency: Currency
  package var fareDay: Day
  package var category: String
  /// Minor units; below zero when riders owe less than before.
  package var minor: Int64

  /// Makes a difference.
  package init(
    operatorID: String?, currency: Currency, fareDay: Day, category: String, minor: Int64
  ) {
    self.operatorID = operatorID
    self.currency = currency
    self.fareDay = fareDay
    self.category = category
    self.minor = minor
  }
}

/// Turns what a clearing run changed into entries: riders owe, operators are owed.
package enum BookingDifference {
  /// The entries of a run: one for each currency and fare day, in that order; none when nothing
  /// changed.
  ///
  /// Differences of one operator, fare day and category are summed first, in any order. A sum above
  /// zero is debited to the riders and credited to the operator, a sum below zero the other way
  /// round; fares without a known operator go to the suspense account.
  package static func entries(
    runID: Int64, accountingDate: Day, differences: some Sequence<FareDifference>
  ) throws(EntryFault) -> [Entry] {
    var sums: [Key: Int64] = [:]
    for difference in differences {
      try add(difference.minor, to: &sums[Key(difference), default: 0])
    }
    let groups = Dictionary(grouping: sums.filter { $0.value != 0 }) { EntryKey($0.key) }
    var entries: [Entry] = []
    for (key, sums) in groups.sorted(by: { $0.key < $1.key }) {
      let lines = sums.sorted { $0.key < $1.key }
      entries.append(
        try Entry(
          kind: .fares, runID: runID, accountingDate: accountingDate, fareDay: key.fareDay,
          currency: key.currency,
          memo: "Fares of \(key.fareDay), clearing run \(runID)",
          postings: lines.flatMap { postings($0.key, $0.value) }))
    }
    return entries
  }

  private static func add(_ minor: Int64, to sum: inout Int64) throws(EntryFault) {
    let (next, overflow) = sum.addingReportingOverflow(minor)
    // The smallest number has no opposite, so it could not be booked on the other side.
    guard !overflow, next != .min else { throw .overflow }
    sum = next
  }

  private static func postings(_ key: Key, _ minor: Int64) -> [Posting] {
    let riders: Side = minor > 0 ? .debit : .credit
    let operators: Side = minor > 0 ? .credit : .debit
    let size = abs(minor)
    return [
      Posting(riders, account: AccountCode.riders, category: key.category, minor: size),
      Posting(
        operators,
        account: key.operatorID == nil ? AccountCode.unknownOperator : AccountCode.operators,
        operatorID: key.operatorID, category: key.category, minor: size),
    ]
  }

  private struct Key: Hashable, Comparable {
    let currency: Currency
    let fareDay: Day
    let operatorID: String?
    let category: String

    init(_ difference: FareDifference) {
      currency = difference.currency
      fareDay = difference.fareDay
      operatorID = difference.operatorID
      category = difference.category
    }

    /// By currency and fare day, then operators by name with the unknown one last, then category.
    static func < (left: Key, right: Key) -> Bool {
      guard EntryKey(left) == EntryKey(right) else { return EntryKey(left) < EntryKey(right) }
      let isUnknown = (left.operatorID == nil ? 1 : 0, right.operatorID == nil ? 1 : 0)
      return (isUnknown.0, left.operatorID ?? "", left.category)
        < (isUnknown.1, right.operatorID ?? "", right.category)
    }
  }

  private struct EntryKey: Hashable, Comparable {
    let currency: Currency
    let fareDay: Day

    init(_ key: Key) {
      currency = key.currency
      fareDay = key.fareDay
    }

    static func < (left: EntryKey, right: EntryKey) -> Bool {
      (left.currency.code, left.fareDay) < (right.currency.code, right.fareDay)
    }
  }
}
