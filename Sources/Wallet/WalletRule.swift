/// How low stored value may go.
///
/// A validator without a network cannot ask for the balance, so a ride may find less on a card than
/// it costs. The card may then go below nothing once, to a limit; it is denied from that moment
/// until a top-up brings it back to the minimum.
package struct WalletRule: Hashable, Sendable {
  /// Minor units below which a card is not let on.
  package let minimumMinor: Int64
  /// Minor units that a balance may lie below nothing.
  package let negativeMaxMinor: Int64

  /// Makes a rule; neither amount may be below zero.
  package init(minimumMinor: Int64, negativeMaxMinor: Int64) {
    precondition(
      minimumMinor >= 0 && negativeMaxMinor >= 0, "a rule of stored value is not below 0")
    self.minimumMinor = minimumMinor
    self.negativeMaxMinor = negativeMaxMinor
  }

  /// What holds where nobody made a rule: a card is let on at nothing, and never goes below it.
  package static let standard = WalletRule(minimumMinor: 0, negativeMaxMinor: 0)

  /// Most minor units of an amount or a balance: sums of them stay far from what 64 bits hold.
  package static let amountMaxMinor: Int64 = 1_000_000_000

  /// Whether a card with a balance is not let on.
  package func denies(balanceMinor: Int64) -> Bool { balanceMinor < minimumMinor }
}
