import Basics
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
  }

  private let store: Store

  /// Makes the use case; it only reads.
  package init(store: Store) {
    self.store = store
  }

  /// What is found, one finding for each thing that was looked at.
  package func findings() async throws -> [Finding] {
    let (messages, standing) = try await store.read { db in
      (
        try await db.acquirerMessages.kept(openOnly: true),
        try await db.books.standing(on: AccountCode.unmatchedReceipts)
      )
    }
    return [Self.finding(messages), Self.finding(standing)]
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

  private static func finding(_ standing: [Money]) -> Finding {
    let name = "account \(AccountCode.unmatchedReceipts)"
    guard !standing.isEmpty else {
      return Finding(name: name, found: "no receipt is without a match", whatToDo: nil)
    }
    let sums = standing.map(\.description).joined(separator: ", ")
    return Finding(
      name: name, found: "\(sums) of receipts match nothing",
      whatToDo: "Say what each line of the bank is (kvytok bank list --open, then kvytok bank "
        + "match LINE … --as FILE); lines of funding files are in `kvytok report reconciliation`. "
        + "What is nobody's is put right by two people: kvytok ledger adjust")
  }
}
