package import Basics
package import Wallet

/// Who does something to a rider, why, and when: written beside everything that is done.
package struct RiderAct: Sendable, Equatable {
  package let actor: String
  package let reason: String
  package let at: Instant

  /// Longest name and reason that are kept, in bytes.
  package static let textBytesMax = 500

  /// Names an act.
  package init(actor: String, reason: String, at: Instant) {
    self.actor = actor
    self.reason = reason
    self.at = at
  }
}

/// Why nothing was done to a rider.
package enum RiderRefusal: Error, Sendable, Equatable {
  case unknownRider
  /// Everything personal was taken away: nobody is there to do it for.
  case erased
  case unknownMedium
  /// The medium is another rider's: merge the two.
  case mediumOfAnother
  case alreadyReplaced
  case notActive(String)
  case sameRider
  /// The rider was merged into another; that is not undone.
  case alreadyMerged(into: RiderID)
  /// Money is left on the account, or owed.
  case moneyLeft(Money)
  case ridesWait(days: Int)
  /// Charges of bank cards are on their way.
  case chargesOpen(windows: Int)
  /// Money that goes back to the rider's bank cards is not given yet.
  case refundsOwed(refunds: Int)
  /// Passes or carnets that are not used up: what of their prices is not earned, by currency.
  case productsLeft(count: Int, [Money])
  case currency(known: [String])
  /// The idempotency key was used for something else.
  case keyReused
  case noAccount
  case wallet(WalletRefusal)
  case proof(ProofRefusal)
  case noTariff
  case unknownProduct(known: [String])
  case notForSale(category: String)
  case dayPassed(Day)
  case unknownHolding
  case notAReference
  /// The acquirer's name of an operation is that of another one.
  case referenceUsed(String, by: String)
  /// No payment by bank card of this rider has the name.
  case unknownCardPayment(String)
  /// More than what is left of the payment is to go back to the card.
  case moreThanPaid(left: Money)
  case paidInOtherCurrency(Currency)
  /// Money goes back to the card that paid, and none did.
  case notPaidByCard
  /// Money goes out in cash that came otherwise.
  case notPaidInCash
  /// It was sold by a transfer that no statement of the bank shows yet.
  case saleNotSeenAtBank
  case missing(String)
}

extension RiderRefusal: CustomStringConvertible {
  /// A stable word for programs.
  package var code: String {
    switch self {
    case .unknownRider: "rider_unknown"
    case .erased: "rider_erased"
    case .unknownMedium: "medium_unknown"
    case .mediumOfAnother: "medium_of_another"
    case .alreadyReplaced: "medium_replaced"
    case .notActive: "medium_not_active"
    case .sameRider: "same_rider"
    case .alreadyMerged: "rider_merged"
    case .moneyLeft: "money_left"
    case .ridesWait, .wallet(.ridesWait): "rides_wait"
    case .chargesOpen: "charges_open"
    case .refundsOwed: "refunds_owed"
    case .productsLeft: "products_left"
    case .currency: "currency_unknown"
    case .keyReused: "key_reused"
    case .noAccount: "no_account"
    case .wallet(.amount): "amount"
    case .wallet(.balanceTooLarge): "balance_too_large"
    case .wallet(.insufficient): "insufficient"
    case .wallet(.notInCash): "not_in_cash"
    case .wallet(.notSeenAtBank), .saleNotSeenAtBank: "not_seen_at_bank"
    case .wallet(.nothingLeft): "nothing_left"
    case .wallet(.blocked): "blocked"
    case .wallet(.channel): "channel"
    case .proof(.days): "days"
    case .proof(.unknownCategory): "category_unknown"
    case .proof(.contradicts): "proof_contradicts"
    case .proof(.paperOfAnother): "paper_of_another"
    case .proof(.unknown): "proof_unknown"
    case .noTariff: "no_tariff"
    case .unknownProduct: "product_unknown"
    case .notForSale: "not_for_sale"
    case .dayPassed: "day_passed"
    case .unknownHolding: "holding_unknown"
    case .notAReference: "not_a_reference"
    case .referenceUsed: "reference_used"
    case .unknownCardPayment: "card_payment_unknown"
    case .moreThanPaid: "more_than_paid"
    case .paidInOtherCurrency: "paid_in_other_currency"
    case .notPaidByCard: "not_paid_by_card"
    case .notPaidInCash: "not_paid_in_cash"
    case .missing: "missing"
    }
  }

  /// What was wrong and what to do.
  package var description: String {
    switch self {
    case .unknownRider: "There is no such rider."
    case .erased: "The rider was erased: nothing leads from it to a person any more."
    case .unknownMedium: "Nobody has this medium. Register it first."
    case .mediumOfAnother: "The medium is another rider's. Merge the two riders first."
    case .alreadyReplaced: "The medium was replaced already; act on the one that took its place."
    case .notActive(let state): "The medium is \(state)."
    case .sameRider: "Both are the same rider already."
    case .alreadyMerged(let other):
      "The rider was merged into \(other); a merge is not undone. Act on that one."
    case .moneyLeft(let money):
      money.minor > 0
        ? "\(money) is left on the account; refund it first."
        : "The rider owes \(Money(minor: 0 - money.minor, currency: money.currency)); it is to be "
          + "paid or written off first."
    case .ridesWait(let days), .wallet(.ridesWait(let days)):
      "\(days) of the rider's days wait for their fares; try again when they are rated, and no ride goes on. One "
        + "that nobody ends the tariff gives up: see the rider's days that wait."
    case .chargesOpen(let windows):
      "\(windows) charges of the rider's bank cards are not settled; wait until the acquirer paid them, and have what "
        + "is owed paid or written off."
    case .refundsOwed(let refunds):
      "\(refunds) refunds of the rider's charges are still owed; wait until the acquirer gave them, and pay "
        + "out those that failed."
    case .productsLeft(let count, let left):
      "\(count) passes or carnets of the rider are not used up, and "
        + "\(left.map(\.description).joined(separator: ", ")) of them not earned; take them back first, or "
        + "say that they are forfeited."
    case .currency(let known):
      "No tariff counts in this currency; known: \(known.joined(separator: ", "))."
    case .keyReused:
      "The key was used before, for something else. Give each operation a key of its own."
    case .noAccount: "The rider has no stored value in this currency."
    case .wallet(let refusal): refusal.sentence
    case .proof(let refusal): refusal.sentence
    case .noTariff: "No tariff is in force on that day."
    case .unknownProduct(let known):
      known.isEmpty
        ? "The tariff sells no products. Publish one that does: kvytok tariff publish DIR."
        : "The tariff has no such product; it has: \(known.joined(separator: ", "))."
    case .notForSale(let category): "The product has no price for the category \(category)."
    case .dayPassed(let day): "\(day) has passed; a product begins today or later."
    case .unknownHolding: "The rider has no such product; see the list of products."
    case .notAReference:
      "A payment account reference has 29 capital letters and digits (EMV PAR)."
    case .referenceUsed(let reference, let other):
      "The acquirer's reference \(reference) is that of \(other). Read it from the slip again."
    case .unknownCardPayment(let reference):
      "No top-up of this rider by bank card has the acquirer's reference \(reference)."
    case .moreThanPaid(let left): "Of the payment by bank card \(left) are left to go back to it."
    case .paidInOtherCurrency(let currency):
      "The bank card paid in \(currency), and its money goes back in that currency."
    case .notPaidByCard:
      "It was not paid by bank card. Give the money back in cash, by bank transfer or onto the card."
    case .notPaidInCash:
      "It was not paid in cash. Give the money back to the bank card that paid, by bank transfer or onto the "
        + "card."
    case .saleNotSeenAtBank:
      "It was paid by a transfer that no statement of the bank shows yet. Give it back by transfer when the line "
        + "came, or onto the card."
    case .missing(let what): "\(what) is missing or too long."
    }
  }
}

extension WalletRefusal {
  /// What was wrong and what to do.
  package var sentence: String {
    switch self {
    case .amount(let minor):
      "\(minor) is no amount: it is above 0 and at most \(WalletRule.amountMaxMinor) minor units."
    case .balanceTooLarge:
      "The balance would pass \(WalletRule.amountMaxMinor) minor units."
    case .insufficient(let balance, let asked):
      "\(asked) minor units are asked for, \(max(0, balance)) are there."
    case .notInCash(let cash, let asked):
      "\(asked) minor units are asked for in cash; of what came in cash \(cash) are left. Give the rest back to "
        + "the bank card that paid, or by bank transfer."
    case .notSeenAtBank(let unseen, let asked):
      "\(asked) minor units are asked for by transfer; \(unseen) came by transfers that no statement of the bank "
        + "shows yet, and stay until it does. Two people take off what never came: kvytok wallet correct."
    case .nothingLeft: "Nothing is left to give back."
    case .ridesWait(let days):
      "\(days) of the rider's days wait for their fares; try again when they are rated, and no ride goes on. One "
        + "that nobody ends the tariff gives up: see the rider's days that wait."
    case .blocked: "The card is blocked or replaced. Unblock it, or act on the new one."
    case .channel(let channel): "\(channel.rawValue) is no way for this money."
    }
  }
}

extension ProofRefusal {
  /// What was wrong and what to do.
  package var sentence: String {
    switch self {
    case .days: "The last day lies before the first."
    case .unknownCategory(let known):
      known.isEmpty
        ? "The tariff has no categories. Publish one that does: kvytok tariff publish DIR."
        : "The tariff has no such category; it has: \(known.joined(separator: ", "))."
    case .contradicts(let other):
      "\(other.category) is proven from \(other.first)\(other.last.map { " to \($0)" } ?? ""); a "
        + "rider has one category on a day. Say that the new proof replaces it, or choose other days."
    case .paperOfAnother:
      "The same paper proves the category of another rider. Withdraw that proof where it is the wrong rider's."
    case .unknown(let category, let first):
      "No proof of \(category) begins on \(first); see the proofs of the rider."
    }
  }
}
