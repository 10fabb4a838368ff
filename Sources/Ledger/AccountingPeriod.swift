package import Basics

/// A stretch of days that is closed as a whole; what is booked in it then never changes.
package struct AccountingPeriod: Hashable, Sendable {
  /// How far a period is on its way.
  package enum State: String, Sendable, CaseIterable, Hashable {
    /// Takes entries.
    case open
    /// Takes no entries while it is being proven.
    case closing
    /// Takes no entries ever again.
    case closed
  }

  /// Why a period cannot go on.
  package enum Fault: Error, Hashable, Sendable {
    /// A period goes from open to closing, and from there to closed or back to open.
    case order(from: State, to: State)
    /// It cannot be closed while its books do not balance.
    case notBalanced
  }

  /// `2026-11`.
  package let name: String
  package let first: Day
  /// The last day, inclusive.
  package let last: Day
  package private(set) var state: State

  /// Makes the period of a month of the calendar; nil when there is no such month.
  package init?(year: Int, month: Int, state: State = .open) {
    guard let first = Day(year: year, month: month, day: 1),
      let next = Day(year: month == 12 ? year + 1 : year, month: month % 12 + 1, day: 1)
    else { return nil }
    name = "\(year)-" + padded(month, 2)
    self.first = first
    last = next.adding(days: -1)
    self.state = state
  }

  /// Makes the period of a name such as `2026-11`; nil when there is no such month.
  package init?(name: String, state: State = .open) {
    let parts = name.split(separator: "-", omittingEmptySubsequences: false)
    guard name.utf8.count == 7, parts.count == 2, parts[0].utf8.count == 4,
      let year = Int(parts[0]), let month = Int(parts[1]), year > 0, month > 0
    else { return nil }
    self.init(year: year, month: month, state: state)
  }

  /// Whether an entry of a day may be booked in it.
  package func takes(_ accountingDate: Day) -> Bool {
    state == .open && first <= accountingDate && accountingDate <= last
  }

  /// Stops taking entries.
  package mutating func beginClosing() throws(Fault) { try move(from: .open, to: .closing) }

  /// Takes entries again, because something was found while proving.
  package mutating func reopen() throws(Fault) { try move(from: .closing, to: .open) }

  /// Ends the period; its balance has to come out even.
  package mutating func close(_ balance: TrialBalance) throws(Fault) {
    guard state == .closing else { throw .order(from: state, to: .closed) }
    guard let totals = try? balance.totals(), totals.allSatisfy({ $0.sums.differenceMinor == 0 })
    else { throw .notBalanced }
    try move(from: .closing, to: .closed)
  }

  private mutating func move(from: State, to: State) throws(Fault) {
    guard state == from else { throw .order(from: state, to: to) }
    state = to
  }
}
