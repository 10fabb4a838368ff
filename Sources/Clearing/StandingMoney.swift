package import Basics
import Ledger
package import Store

/// Looks for money that waits for a person, and for messages about money that fit nothing.
package struct StandingMoney: Sendable {
  /// Something that was looked at.
  package struct Finding: Sendable, Equatable {
    /// What was looked at, in a word or two.
    package let name: String
    package let found: String
    /// Nil where all is well.
    package let whatToDo: String?
    /// What it is made of, each in a line.
    package var parts: [String] = []
  }

  /// Most parts of a sum that are told.
  package static let partsMax = 20

  private let store: Store

  /// Makes the use case; it only reads.
  package init(store: Store) {
    self.store = store
  }

  /// What is found, one finding for each thing that was looked at.
  package func findings(on today: Day) async throws -> [Finding] {
    let (messages, standing, parts) = try await store.read { db in
      (
        try await db.acquirerMessages.kept(openOnly: true),
        try await db.books.standing(on: AccountCode.unmatchedReceipts),
        try await db.books.unmatchedParts(countMax: Self.partsMax + 1)
      )
    }
    return [Self.finding(messages), Self.finding(standing, of: parts, on: today)]
  }

  private static func finding(_ messages: [KeptMessage]) -> Finding {
    let name = "acquirer"
    guard let oldest = messages.first else {
      return Finding(name: name, found: "no message waits for a person", whatToDo: nil)
    }
    let isMore = messages.count == AcquirerMessageTables.pageMax
    return Finding(
      name: name,
      found: "\(messages.count)\(isMore ? " or more" : "") messages fit nothing, the oldest of "
        + "\(oldest.receivedAt): \(oldest.why)",
      whatToDo: "Look at them (kvytok acquirer messages), ask the acquirer what each is about, and "
        + "write down what came of it: kvytok acquirer decide ID --reason TEXT --as FILE")
  }

  private static func finding(
    _ standing: [Money], of parts: [UnmatchedPart], on today: Day
  ) -> Finding {
    let name = "account \(AccountCode.unmatchedReceipts)"
    guard !standing.isEmpty || !parts.isEmpty else {
      return Finding(name: name, found: "no receipt is without a match", whatToDo: nil)
    }
    var told = parts.prefix(partsMax).map { part in
      "\(part.money) for \(today.number - part.since.number) days: \(part.what)"
    }
    if parts.count > partsMax { told.append("and more, which came later") }
    // Lines that came and lines that went may come to nothing, and nobody knows either.
    let found =
      standing.isEmpty
      ? "receipts and payments that match nothing, and come to nothing"
      : standing.map(\.description).joined(separator: ", ") + " of receipts match nothing"
    return Finding(
      name: name, found: found,
      whatToDo: "Say what each line of the bank is (kvytok bank list --open, then kvytok bank "
        + "match LINE … --as FILE); lines of funding files are in `kvytok report reconciliation`. "
        + "What is nobody's is put right by two people: kvytok ledger adjust", parts: told)
  }
}
