import Store

extension RestoreQueries {
  /// Refuses that a person has the acquirer asked while a hold stands.
  ///
  /// A window that was asked takes no money at a desk, so what was compared could not be written down; and the
  /// question would follow after the release by a key that the acquirer does not know.
  func refuseWhileHeld() async throws {
    guard try await hold() == nil else {
      throw MoneyRefusal.unfit(
        "charging is held after a restore, and the acquirer is asked nothing: pay at a desk, or ask later"
      )
    }
  }
}
