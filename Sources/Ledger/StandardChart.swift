extension ChartOfAccounts {
  /// The books of a city's clearing house.
  ///
  /// The house is an agent: fares are never its income. A ride makes its rider owe (1200) and the
  /// house owe the operator (2100); a payment moves 1200 to 1120, 1110, 1100 or 2200, a payout 2100 to 2150
  /// and then 1100. What a concession or a cap took off a price is no booking: rides keep the nominal and the charged
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
    1110 | Готівка в касах продажу | Cash at sales desks | asset | -
    1120 | Розрахунки з еквайром | Owed by the acquirer | asset | -
    1200 | Заборгованість пасажирів за поїздки | Owed by riders for rides | asset | -
    1250 | Оскаржені платежі за картками | Card payments in dispute | asset | -
    1300 | Заборгованість міста за пільги | Owed by the city for concessions | asset | operator
    2100 | Заборгованість перед перевізниками | Owed to operators | liability | operator
    2150 | Платіжні доручення в дорозі | Payment orders on their way | liability | operator
    2190 | Виручка без відомого перевізника | Fares of an unknown operator | liability | -
    2200 | Кошти пасажирів на картках | Stored value of riders | liability | -
    2210 | Доходи майбутніх періодів за абонементи | Passes and carnets not yet used | liability | -
    2220 | Повернення до виплати | Refunds to be paid | liability | -
    2290 | Нез'ясовані надходження | Receipts that match nothing | liability | -
    4900 | Різниці від округлення | Rounding differences | income | -
    7100 | Комісія банків та еквайра | Fees of banks and acquirer | expense | -
    7200 | Списана безнадійна заборгованість | Debts written off | expense | -
    7210 | Втрати від оскаржених платежів | Losses from chargebacks | expense | -
    """
}

/// Codes of the standard chart that rules refer to.
package enum AccountCode {
  /// Money at the clearing bank.
  package static let bank = "1100"
  /// Cash that sales desks took and did not hand in yet.
  package static let cash = "1110"
  /// Captured card payments that the acquirer did not fund yet.
  package static let acquirer = "1120"
  /// What riders owe for rides.
  package static let riders = "1200"
  /// Card payments that a bank took back and the house disputes.
  package static let disputed = "1250"
  /// What the city owes for concessions, by operator.
  package static let concessions = "1300"
  /// What is owed to operators, by operator.
  package static let operators = "2100"
  /// Payouts that were ordered and that the bank did not confirm yet, by operator.
  package static let payoutsOnTheirWay = "2150"
  /// Fares whose operator is not known yet; should be empty when a period closes.
  package static let unknownOperator = "2190"
  /// What riders put on their media and did not ride away.
  package static let storedValue = "2200"
  /// What was paid for passes and carnets and is not used up.
  package static let deferredRevenue = "2210"
  /// What riders are to get back.
  package static let refunds = "2220"
  /// Receipts that match nothing yet.
  package static let unmatchedReceipts = "2290"
  /// What rounding leaves over.
  package static let rounding = "4900"
  /// What banks and the acquirer keep.
  package static let fees = "7100"
  /// Debts that will not be collected.
  package static let writeOffs = "7200"
  /// Card payments that were taken back for good.
  package static let chargebackLosses = "7210"
}
