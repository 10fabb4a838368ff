package import Store

/// Decides orders about money, whatever they are about.
package struct MoneyOrders: Sendable {
  private let store: Store
  private let debts: DebtDesk
  private let payouts: PayoutDesk
  private let subsidies: SubsidyDesk
  private let wallets: WalletOrderDesk

  /// Puts the desks together.
  package init(
    store: Store, debts: DebtDesk, payouts: PayoutDesk, subsidies: SubsidyDesk,
    wallets: WalletOrderDesk
  ) {
    self.store = store
    self.debts = debts
    self.payouts = payouts
    self.subsidies = subsidies
    self.wallets = wallets
  }

  /// Decides an order, and carries it out when it is approved.
  package func decide(
    _ order: Int64, isApproved: Bool, by person: String
  ) async throws -> MoneyOrderRow {
    let found = try await store.read { db in try await db.orders.find(order) }
    guard let found else { throw MoneyRefusal.notFound("order \(order)") }
    return switch found.kind {
    case .writeOff, .refund: try await debts.decide(order, isApproved: isApproved, by: person)
    case .payout: try await payouts.decide(order, isApproved: isApproved, by: person)
    case .subsidy: try await subsidies.decide(order, isApproved: isApproved, by: person)
    case .accountWriteOff, .accountCredit, .accountDebit:
      try await wallets.decide(order, isApproved: isApproved, by: person)
    }
  }
}
