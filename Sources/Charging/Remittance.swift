package import Basics

/// What a payout is for, as the bank and the operator read it.
package enum Remittance {
  /// Of a payout of what is owed by entries up to a day, as an order says.
  ///
  /// In Ukrainian where hryvnias go from one Ukrainian account to another, which the country's own system moves: it
  /// takes Cyrillic. All other banks promise the Latin set alone, in which Ukrainian cannot be written.
  package static func payout(
    through day: Day, order: Int64, from payer: BankAccount, to payee: BankAccount,
    in currency: Currency
  ) -> String {
    let isUkrainian =
      currency.code == "UAH" && [payer, payee].allSatisfy { $0.iban.hasPrefix("UA") }
    return isUkrainian
      ? "Оплата поїздок і компенсації станом на \(day), розпорядження № \(order)"
      : "Fares and compensations up to \(day), order \(order)"
  }
}
