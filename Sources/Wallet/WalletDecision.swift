/// Through which hands money came or goes.
package enum MoneyChannel: String, Sendable, CaseIterable {
  /// Notes and coins at a sales desk.
  case cash
  /// A transfer of the bank.
  case bank
  /// A bank card, online or at a terminal.
  case acquirer
  /// The rider's own stored value.
  case wallet

  /// Reads the word of a desk.
  ///
  /// Tables and answers name a transfer `bank`; whoever says so is understood, but it is easily taken for a bank card.
  package init?(told word: String) {
    self.init(rawValue: word == "transfer" ? Self.bank.rawValue : word)
  }
}

/// What is known of an account at the moment of a decision.
package struct WalletStanding: Sendable, Equatable {
  package var balanceMinor: Int64
  /// Minor units of rides that the account could not pay.
  package var debtMinor: Int64
  /// Rider-days that wait for a rating, or for the end of a ride: the balance may still change.
  package var waitingDays: Int
  /// Whether everything the rider holds to a validator is blocked or replaced.
  package var isBlocked: Bool
  /// Minor units that came in cash or that two people put right, less what went out in cash.
  package var cashMinor: Int64

  /// Minor units that desks wrote down as transfers, and no statement of the bank shows yet, without what two
  /// people took off of them.
  package var unseenMinor: Int64

  /// Minor units owed in all: rides that nobody paid, and how far the balance lies below nothing.
  package var owedMinor: Int64 { debtMinor - min(0, balanceMinor) }

  /// Makes a standing.
  package init(
    balanceMinor: Int64, debtMinor: Int64, waitingDays: Int, isBlocked: Bool, cashMinor: Int64,
    unseenMinor: Int64 = 0
  ) {
    self.balanceMinor = balanceMinor
    self.debtMinor = debtMinor
    self.waitingDays = waitingDays
    self.isBlocked = isBlocked
    self.cashMinor = cashMinor
    self.unseenMinor = unseenMinor
  }
}

/// Why money did not move.
package enum WalletRefusal: Error, Hashable, Sendable {
  /// An amount is a number above zero, and at most `WalletRule.amountMaxMinor`.
  case amount(Int64)
  /// The balance would pass `WalletRule.amountMaxMinor`.
  case balanceTooLarge
  /// There is less than was asked for.
  case insufficient(balanceMinor: Int64, askedMinor: Int64)
  /// More than came in cash is to go out in cash.
  case notInCash(cashMinor: Int64, askedMinor: Int64)
  /// More is to go out by transfer than is there without what no statement of the bank shows yet.
  case notSeenAtBank(unseenMinor: Int64, askedMinor: Int64)
  /// Nothing is left to give back.
  case nothingLeft
  /// Rides wait for their fares; what is left is not known yet.
  case ridesWait(days: Int)
  /// The card is blocked.
  case blocked
  /// Stored value is neither put on nor paid out from itself.
  case channel(MoneyChannel)
}

/// What may happen to stored value.
package enum WalletDecision {
  /// Whether money may be put on.
  package static func topUp(
    _ minor: Int64, through channel: MoneyChannel, standing: WalletStanding
  ) throws(WalletRefusal) {
    guard (1...WalletRule.amountMaxMinor).contains(minor) else { throw .amount(minor) }
    guard channel != .wallet else { throw .channel(channel) }
    guard !standing.isBlocked else { throw .blocked }
    guard standing.balanceMinor + minor <= WalletRule.amountMaxMinor else {
      throw .balanceTooLarge
    }
  }

  /// How much goes back to the rider; nil asks for all that is left.
  ///
  /// A blocked card may be emptied: that is how a lost card's money comes back. In cash goes out at most
  /// what came in cash: the money of a bank card may still be its bank's, and a transfer may never come. By
  /// transfer goes out nothing that the bank has not shown.
  package static func refund(
    _ asked: Int64?, through channel: MoneyChannel, standing: WalletStanding
  ) throws(WalletRefusal) -> Int64 {
    guard channel != .wallet else { throw .channel(channel) }
    if let asked, !(1...WalletRule.amountMaxMinor).contains(asked) { throw .amount(asked) }
    guard standing.waitingDays == 0 else { throw .ridesWait(days: standing.waitingDays) }
    guard standing.balanceMinor > 0 else {
      guard let asked else { throw .nothingLeft }
      throw .insufficient(balanceMinor: standing.balanceMinor, askedMinor: asked)
    }
    let minor = asked ?? standing.balanceMinor
    guard minor <= standing.balanceMinor else {
      throw .insufficient(balanceMinor: standing.balanceMinor, askedMinor: minor)
    }
    if channel == .cash { try payOut(minor, standing: standing) }
    if channel == .bank {
      try transfer(minor, leaving: standing.balanceMinor - minor, standing: standing)
    }
    return minor
  }

  /// What there is of cash: what came in cash, and what two people put right.
  ///
  /// What they took off transfers that no statement shows was never cash, so it is not taken from it; and
  /// what they put on again of it is none.
  package static func cash(
    paidMinor: Int64, correctedMinor: Int64, takenOffMinor: Int64
  ) -> Int64 {
    paidMinor + max(correctedMinor, min(0, correctedMinor + takenOffMinor))
  }

  /// Whether so much may go out in cash.
  package static func payOut(
    _ minor: Int64, standing: WalletStanding
  ) throws(WalletRefusal) {
    guard minor <= standing.cashMinor else {
      throw .notInCash(cashMinor: max(0, standing.cashMinor), askedMinor: minor)
    }
  }

  /// Whether so much may go out by transfer, when so much is left on the account then: what no statement of the
  /// bank shows yet stays there.
  package static func transfer(
    _ minor: Int64, leaving balanceMinor: Int64, standing: WalletStanding
  ) throws(WalletRefusal) {
    guard standing.unseenMinor <= 0 || balanceMinor >= standing.unseenMinor else {
      throw .notSeenAtBank(unseenMinor: standing.unseenMinor, askedMinor: minor)
    }
  }

  /// Whether a pass or carnet may be paid from the balance.
  package static func purchase(
    _ minor: Int64, standing: WalletStanding
  ) throws(WalletRefusal) {
    guard (0...WalletRule.amountMaxMinor).contains(minor) else { throw .amount(minor) }
    guard !standing.isBlocked else { throw .blocked }
    guard minor <= standing.balanceMinor else {
      throw .insufficient(balanceMinor: standing.balanceMinor, askedMinor: minor)
    }
  }

  /// Whether a person may put a balance right by an amount, up or down; never below nothing.
  package static func correction(
    _ minor: Int64, standing: WalletStanding
  ) throws(WalletRefusal) {
    guard minor != 0, minor.magnitude <= WalletRule.amountMaxMinor.magnitude else {
      throw .amount(minor)
    }
    guard minor > 0 || standing.balanceMinor + minor >= 0 else {
      throw .insufficient(balanceMinor: standing.balanceMinor, askedMinor: -minor)
    }
    guard standing.balanceMinor + minor <= WalletRule.amountMaxMinor else {
      throw .balanceTooLarge
    }
  }
}
