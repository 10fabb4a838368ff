package import Basics

/// A fare day of an account: what its rides come to, and what of it is paid.
package struct WalletDay: Hashable, Sendable {
  package let day: Day
  /// Minor units that the rides of the day come to now.
  package let dueMinor: Int64
  /// Minor units that the account has paid for the day so far.
  package let paidMinor: Int64

  /// Minor units that were paid and that the day does not cost any more.
  package var returnedMinor: Int64 { max(0, paidMinor - dueMinor) }

  /// Makes a day.
  package init(day: Day, dueMinor: Int64, paidMinor: Int64) {
    self.day = day
    self.dueMinor = dueMinor
    self.paidMinor = paidMinor
  }
}

/// What an account pays for a fare day more or less than it did.
package struct RidePayment: Hashable, Sendable {
  package let day: Day
  /// Minor units; below zero when the account gets something back.
  package let minor: Int64

  /// Makes a payment.
  package init(day: Day, minor: Int64) {
    self.day = day
    self.minor = minor
  }
}

/// Takes the fares of rides from stored value, day by day, as differences.
///
/// In all an account has paid the smaller of what its rides come to and of what was put on it plus
/// what it may go below nothing. So the balance depends on the sums alone: the order in which
/// top-ups, rides and re-ratings come never changes it.
package enum RidePaying {
  /// The payments that bring the days of an account up to date, in the order in which they move.
  ///
  /// `days` holds every day whose due changed and every day that is not paid whole. What a day does
  /// not cost any more comes back first; then the oldest days are paid, as far as the money goes.
  /// What cannot be paid stays the rider's debt.
  package static func payments(
    days: [WalletDay], balanceMinor: Int64, rule: WalletRule
  ) -> [RidePayment] {
    var payments: [RidePayment] = []
    var left = balanceMinor + rule.negativeMaxMinor
    let ordered = days.sorted { $0.day < $1.day }
    for day in ordered where day.paidMinor > day.dueMinor {
      payments.append(RidePayment(day: day.day, minor: day.dueMinor - day.paidMinor))
      left += day.paidMinor - day.dueMinor
    }
    for day in ordered where day.paidMinor < day.dueMinor && left > 0 {
      let paid = min(left, day.dueMinor - day.paidMinor)
      payments.append(RidePayment(day: day.day, minor: paid))
      left -= paid
    }
    return payments
  }
}
