package import Transit

extension CardNumber {
  /// Whether a token is a bank card's number, or holds one, in a form in which readers give it.
  ///
  /// Digits beside other words (`4111111111111111=2512…`, `PAN:4111111111111111`) are found in the tokens of
  /// all media. Digits packed two to a byte, as the chip has them (EMV tags 57 and 5A), only where the
  /// medium is a bank card or a phone: of random bytes that many are digits by chance, in tokens of 7 to
  /// 10 bytes about one in a hundred thousand.
  package static func isHeld(by token: UnsafeRawBufferPointer, isOfBank: Bool) -> Bool {
    if token.count >= digitCountMin, isOne(token) || isHidden(in: token) { return true }
    return isOfBank && isPacked(in: token)
  }

  /// Whether a bank card's number stands anywhere in a text that people write.
  package static func isHidden(in text: String) -> Bool {
    Array(text.utf8).withUnsafeBytes { isHidden(in: $0) }
  }

  /// Whether bytes are a number in packed digits: to their end or padding of F, or to a D and more digits.
  static func isPacked(in bytes: UnsafeRawBufferPointer) -> Bool {
    guard 2 * bytes.count >= digitCountMin else { return false }
    var sums = (even: 0, odd: 0)
    var (count, prefix, place) = (0, 0, 0)
    while place < 2 * bytes.count {
      let digit = nibble(bytes, place)
      guard digit <= 9 else { break }
      guard count < digitCountMax else { return false }
      let doubled = digit < 5 ? digit * 2 : digit * 2 - 9
      sums =
        count % 2 == 0
        ? (sums.even + doubled, sums.odd + digit) : (sums.even + digit, sums.odd + doubled)
      if count < 2 { prefix = prefix * 10 + digit }
      (count, place) = (count + 1, place + 1)
    }
    guard isIssued(prefix: prefix, digitCount: count),
      (count % 2 == 0 ? sums.even : sums.odd) % 10 == 0
    else { return false }
    // What follows it: nothing; padding; or a separator and what track 2 says besides, padded too.
    if place < 2 * bytes.count, nibble(bytes, place) == 0xD {
      place += 1
      while place < 2 * bytes.count, nibble(bytes, place) <= 9 { place += 1 }
    }
    while place < 2 * bytes.count, nibble(bytes, place) == 0xF { place += 1 }
    return place == 2 * bytes.count
  }

  @inline(__always) private static func nibble(
    _ bytes: UnsafeRawBufferPointer, _ place: Int
  ) -> Int {
    Int(place % 2 == 0 ? bytes[place / 2] >> 4 : bytes[place / 2] & 0x0F)
  }
}

extension MediumKind {
  /// Whether a bank issued what is tapped with.
  package var isOfBank: Bool { self == .bank || self == .phone }
}
