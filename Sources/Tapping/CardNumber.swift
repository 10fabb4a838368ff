/// Recognises the number printed on a bank card, which must never get in.
package enum CardNumber {
  /// Fewest digits of a card number.
  package static let digitCountMin = 13
  /// Most digits of a card number.
  package static let digitCountMax = 19

  /// Whether bytes are 13 to 19 decimal digits with a right check digit (ISO/IEC 7812-1, Luhn).
  ///
  /// Spaces and dashes between the digits do not hide it.
  package static func isOne(_ token: some Sequence<UInt8>) -> Bool {
    // Doubling every second digit from the right: both parities are summed, the length decides.
    var sums = (even: 0, odd: 0)
    var count = 0
    for byte in token {
      if byte == 0x20 || byte == 0x2D { continue }
      guard (48...57).contains(byte), count < digitCountMax else { return false }
      let digit = Int(byte - 48)
      let doubled = digit < 5 ? digit * 2 : digit * 2 - 9
      if count % 2 == 0 {
        sums = (sums.even + doubled, sums.odd + digit)
      } else {
        sums = (sums.even + digit, sums.odd + doubled)
      }
      count += 1
    }
    guard count >= digitCountMin else { return false }
    return (count % 2 == 0 ? sums.even : sums.odd) % 10 == 0
  }

  /// Whether a text is a card number.
  package static func isOne(text: String) -> Bool { isOne(text.utf8) }

  /// Whether a text that is no token is a number as bank cards carry it.
  ///
  /// Stricter than `isOne`, because names may be long numbers too: the length must be that of the
  /// issuer's cards (Visa 4, Mastercard 51-55 and 22-27, American Express 34 and 37, JCB 35,
  /// Discover, Maestro and UnionPay 6).
  package static func looksIssued(_ text: some Collection<UInt8>) -> Bool {
    guard let first = text.first, (0x32...0x36).contains(first), isOne(text) else { return false }
    let digits = text.filter { (48...57).contains($0) }
    let prefix = Int(digits[0] - 48) * 10 + Int(digits[1] - 48)
    return isIssued(prefix: prefix, digitCount: digits.count)
  }

  /// Whether cards whose numbers begin with two digits have so many.
  static func isIssued(prefix: Int, digitCount count: Int) -> Bool {
    switch prefix {
    case 40...49: count == 13 || count == 16 || count == 19
    case 51...55, 22...27, 35: count == 16
    case 34, 37: count == 15
    case 60...69: (16...digitCountMax).contains(count)
    default: false
    }
  }
}
