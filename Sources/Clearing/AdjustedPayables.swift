import Basics
import Charging
import Ledger
import Store

/// What an adjustment takes out of 2220, where what riders are owed waits, and what it pays with it.
///
/// Whatever is paid is named, so that neither the bank nor a desk nor another adjustment pays it again.
struct AdjustedPayables {
  /// Most that one adjustment pays.
  static let namesMax = 100

  let postings: [Posting]
  let currency: Currency
  private(set) var names: [StatementName] = []

  /// What some lines pay is not known yet.
  init(postings: [Posting], currency: Currency) {
    self.postings = postings
    self.currency = currency
  }

  /// Reads what people call it; what is wrong with that, nil when nothing is.
  mutating func read(_ texts: [String]) -> String? {
    guard texts.count <= Self.namesMax else {
      return "an adjustment pays at most \(Self.namesMax)"
    }
    for text in texts {
      guard let name = StatementName(owedToRider: text) else {
        return
          "\(text) is no name of what a rider is owed: KVYTOK-T12 is a transfer of stored value, "
          + "KVYTOK-H5 the rest of a pass or carnet, KVYTOK-R4 a failed refund"
      }
      guard !names.contains(name) else { return "\(text) is named twice" }
      names.append(name)
    }
    return nil
  }

  /// Minor units that it takes out of 2220; below zero it puts them there.
  private var takenMinor: Int64 {
    postings.filter { $0.account == AccountCode.refunds }
      .reduce(0) { $0 + $1.debitMinor - $1.creditMinor }
  }

  /// Why it may not take out of 2220 what it does, in words; nil when it may.
  ///
  /// What it pays is held until the transaction ends.
  func fault(on day: Day, in db: StoreSession) async throws -> String? {
    guard !names.isEmpty else { return try await unnamedFault(in: db) }
    // Who takes a statement at this moment may find the same money: one after the other.
    _ = try await db.statements.lockAccounts([currency])
    let expected = try await db.statements.expected(
      Set(names), words: [], days: day...day, in: currency)
    var owedMinor: Int64 = 0
    for name in names {
      let money = expected.first { $0.subject == name.subject && $0.number == name.number }
      guard let money else { return "there is no KVYTOK-\(name.short) in \(currency)" }
      if case .over(let why) = money.state { return "KVYTOK-\(name.short) \(why)" }
      owedMinor -= money.minor
    }
    guard owedMinor == takenMinor else {
      return "what it names comes to \(Money(minor: owedMinor, currency: currency)), and it takes "
        + "\(Money(minor: takenMinor, currency: currency)) out of \(AccountCode.refunds)"
    }
    return nil
  }

  /// Without a name only what other adjustments put there goes out again.
  ///
  /// Adjustments of before there were names took out what riders are owed: what is told then leads to that.
  private func unnamedFault(in db: StoreSession) async throws -> String? {
    guard takenMinor > 0 else { return nil }
    let unnamed = try await db.adjustments.unnamed(on: AccountCode.refunds, in: currency)
    guard unnamed.putMinor - unnamed.takenMinor < takenMinor else { return nil }
    let fault =
      "it takes out of \(AccountCode.refunds) what riders are owed: name what it pays (--pays "
      + "KVYTOK-T12, \"pays\": [\"KVYTOK-T12\"]), so that nobody pays it again"
    guard unnamed.takenMinor > 0 else { return fault }
    let takers = unnamed.takers.map { "\($0)" }.joined(separator: ", ")
    return fault
      + ". Without a name adjustments put \(Money(minor: unnamed.putMinor, currency: currency)) there, and "
      + "took \(Money(minor: unnamed.takenMinor, currency: currency)) out (\(takers)): where one of these paid "
      + "what a rider was owed, an adjustment puts it there again, and another takes it out by its name"
  }
}
