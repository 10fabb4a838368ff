import Basics
import Ledger
import Store
import Tariff

/// The operators, the currency and the accounts of an adjustment, held against what is known.
///
/// A misspelt operator would be one from then on, be owed money and be paid; what moves 2200 or 2210 without a card
/// or a pass would keep every month open.
struct AdjustedLines {
  let postings: [Posting]
  let currency: Currency

  /// Accounts that the proof holds against cards and passes, which no adjustment moves.
  private static let held = [
    (
      account: AccountCode.storedValue, rows: "the cards of riders",
      command: "put the balance of a card right by `kvytok wallet correct`, of two people too"
    ),
    (
      account: AccountCode.deferredRevenue, rows: "passes and carnets",
      command: "take a pass or carnet back by `kvytok product refund`"
    ),
  ]

  /// Whether a city lacks something that is named: another process may have published it meanwhile.
  func isMissing(in city: City) -> Bool {
    !countsIn(city) || !strangers(to: city).isEmpty
  }

  /// Whether a tariff counts in the currency; without a tariff nobody can know.
  private func countsIn(_ city: City) -> Bool {
    guard let book = city.book else { return true }
    return book.versions.contains { $0.currency == currency }
  }

  /// The first line of each operator that neither network nor tariff have.
  private func strangers(to city: City) -> [(line: Int, name: String)] {
    var found: [(line: Int, name: String)] = []
    for (index, posting) in postings.enumerated() {
      guard let name = posting.operatorID, !found.contains(where: { $0.name == name }),
        city.knowledge(ofOperator: name) == .unknown
      else { continue }
      found.append((index + 1, name))
    }
    return found
  }

  /// Why it is not taken, nor approved; nil when it may be.
  ///
  /// What the books know by name stays possible, so that a mistake of before can be taken back.
  func refusal(in city: City, _ db: StoreSession) async throws -> AdjustmentOutcome? {
    if !countsIn(city), try await !db.adjustments.isBooked(currency) {
      let known = Set((city.book?.versions ?? []).map(\.currency.code)).sorted()
      return .unknownCurrency(
        "neither a tariff nor the books count in \(currency): name one of "
          + known.joined(separator: ", "))
    }
    for (line, name) in strangers(to: city) {
      guard try await !db.operatorMoney.isKnown(name) else { continue }
      return .unfitLine(
        "line \(line): there is no operator \(name), neither in the network nor in a tariff nor in the books: "
          + "name one of \(city.operatorsTold)")
    }
    for held in Self.held {
      let addedMinor = postings.filter { $0.account == held.account }
        .reduce(0) { $0 + $1.creditMinor - $1.debitMinor }
      guard addedMinor != 0 else { continue }
      let standing = try await db.wallets.holdStanding(of: held.account, in: currency)
      let difference = standing.differenceMinor
      guard (difference + addedMinor).magnitude >= difference.magnitude else { continue }
      let what =
        "account \(held.account) is held against \(held.rows), of which no adjustment moves any"
      guard difference != 0 else { return .unfitLine("\(what): \(held.command)") }
      return .unfitLine(
        "\(what); it stands \(Money(minor: Int64(difference.magnitude), currency: currency)) "
          + "\(difference > 0 ? "above" : "below") them, and an adjustment may only bring it nearer: else "
          + held.command)
    }
    return nil
  }
}
