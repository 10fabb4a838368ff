extension ChartOfAccounts {
  /// The books of a city's clearing house.
  ///
  /// The house is an agent: fares are never its income. A ride makes its rider owe (1200) and the
  /// house owe the operator (2100); a payment moves 1200 to 1100, a payout 2100 to 1100. What a
  /// concession or a cap took off a price is no booking: rides keep the nominal and the charged
  /// price, and what the city pays for it is booked when it is claimed (1300 against 2100).
  package static let standard: ChartOfAccounts = {
    do throws(ChartFault) {
      return try ChartOfAccounts(table: standardTable)
    } catch {
      preconditionFailure("\(error)")
    }
  }()

  /// The table of the standard chart, as it is read.
  package static let standardTable = """
    # code | name uk | name en | kind | sub-accounts
    1100 | Кошти на розрахунковому рахунку | Money at the clearing bank | asset | -
    1200 | Заборгованість пасажирів за поїздки | Owed by riders for rides | asset | -
    1300 | Заборгованість міста за пільги | Owed by the city for concessions | asset | operator
    2100 | Заборгованість перед перевізниками | Owed to operators | liability | operator
    2190 | Виручка без відомого перевізника | Fares of an unknown operator | liability | -
    4900 | Різниці від округлення | Rounding differences | income | -
    7100 | Комісія банків та еквайра | Fees of banks and acquirer | expense | -
    """
}

/// Codes of the standard chart that rules refer to.
package enum AccountCode {
  /// Money at the clearing bank.
  package static let bank = "1100"
  /// What riders owe for rides.
  package static let riders = "1200"
  /// What the city owes for concessions, by operator.
  package static let concessions = "1300"
  /// What is owed to operators, by operator.
  package static let operators = "2100"
  /// Fares whose operator is not known yet; should be empty when a period closes.
  package static let unknownOperator = "2190"
  /// What rounding leaves over.
  package static let rounding = "4900"
  /// What banks and the acquirer keep.
  package static let fees = "7100"
}
