package import Store

/// Money that a desk takes for a debt of a bank card.
package struct DebtPayment: Sendable, Equatable {
  /// Minor units; nil is the whole debt.
  package var minor: Int64?
  package var channel: DebtDesk.Channel
  /// The desk, when it is one.
  package var place: String?
  /// Receipt of the desk.
  package var reference: String?
  /// Names the operation once: the same payment again is the same operation.
  package var key: String

  /// Makes a payment.
  package init(
    minor: Int64?, channel: DebtDesk.Channel, place: String? = nil, reference: String? = nil,
    key: String
  ) {
    self.minor = minor
    self.channel = channel
    self.place = place
    self.reference = reference
    self.key = key
  }

  /// Whether texts are there and not too long.
  func check() throws(RiderRefusal) {
    let lengths = 1...MoneyOrder.textBytesMax
    guard lengths.contains(key.utf8.count) else { throw .missing("The key") }
    for (text, name) in [(place, "The desk"), (reference, "The receipt")] {
      if let text, !lengths.contains(text.utf8.count) { throw .missing(name) }
    }
    guard channel != .cash || (place != nil && reference != nil) else {
      throw .missing("The desk or the receipt of a cash operation")
    }
  }

  /// Whether money that was taken before is this payment.
  func isSame(as before: ChargeEventRow, for window: Int64) -> Bool {
    before.windowID == window && before.detail == channel.rawValue && before.place == place
      && before.reference == reference && (minor == nil || minor == before.minor)
  }
}

/// What became of a payment at a desk.
package struct DebtReceipt: Sendable {
  /// The window as it stands now.
  package let row: ChargeWindowRow
  /// The money as it was taken.
  package let payment: ChargeEventRow
  /// Whether the same payment was taken before: nothing moved this time.
  package let isRepeated: Bool
}
