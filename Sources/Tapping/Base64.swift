/// Bytes as text of 64 letters (RFC 4648): the URL alphabet for tokens, the plain one for signatures.
package enum Base64 {
  /// The two last letters of the alphabet.
  package enum Alphabet: Sendable {
    /// `+` and `/`, padded.
    case standard
    /// `-` and `_`, without padding.
    case url
  }

  /// The text of bytes that lie in an array: without a look at each by way of a sequence.
  package static func encode(_ bytes: [UInt8], _ alphabet: Alphabet) -> String {
    let letters = alphabet == .url ? urlLetters : standardLetters
    return String(unsafeUninitializedCapacity: (bytes.count + 2) / 3 * 4) { out in
      var from = 0
      var to = 0
      while from < bytes.count {
        let left = min(3, bytes.count - from)
        var bits = UInt32(bytes[from]) << 16
        if left > 1 { bits |= UInt32(bytes[from + 1]) << 8 }
        if left > 2 { bits |= UInt32(bytes[from + 2]) }
        for place in 0...left {
          out[to] = letters[Int(bits >> UInt32(18 - 6 * place) & 63)]
          to += 1
        }
        from += left
        guard left < 3, alphabet == .standard else { continue }
        for _ in left..<3 {
          out[to] = 0x3D
          to += 1
        }
      }
      return to
    }
  }

  /// The text of bytes.
  package static func encode(_ bytes: some Sequence<UInt8>, _ alphabet: Alphabet) -> String {
    var text: [UInt8] = []
    append(bytes, alphabet, to: &text)
    return String(decoding: text, as: UTF8.self)
  }

  static func append(
    _ bytes: some Sequence<UInt8>, _ alphabet: Alphabet, to text: inout [UInt8]
  ) {
    var bits: UInt32 = 0
    var count = 0
    for byte in bytes {
      bits = bits << 8 | UInt32(byte)
      count += 8
      while count >= 6 {
        count -= 6
        text.append(letter(UInt8(bits >> UInt32(count) & 63), alphabet))
      }
    }
    guard count > 0 else { return }
    text.append(letter(UInt8(bits << UInt32(6 - count) & 63), alphabet))
    guard alphabet == .standard else { return }
    text.append(0x3D)
    if count == 2 { text.append(0x3D) }
  }

  /// The bytes of a text; nil when it is not exactly what `encode` makes.
  ///
  /// So letters of another alphabet, an impossible length and left-over bits are refused; only
  /// padding may be there or not, but must be right.
  package static func decode(_ text: some StringProtocol, _ alphabet: Alphabet) -> [UInt8]? {
    var copy = String(text)
    return copy.withUTF8 { decode(utf8: $0, alphabet) }
  }

  /// The bytes of a text that lies in UTF-8.
  package static func decode(
    utf8 text: UnsafeBufferPointer<UInt8>, _ alphabet: Alphabet
  ) -> [UInt8]? {
    var length = text.count
    var padding = 0
    while padding < 2, length > 0, text[length - 1] == 0x3D {
      length -= 1
      padding += 1
    }
    guard length % 4 != 1, padding == 0 || (length + padding) % 4 == 0 else { return nil }
    let values = alphabet == .url ? urlValues : standardValues
    var bytes = [UInt8](repeating: 0, count: length * 3 / 4)
    // A letter that is none has the highest bit set, which stays visible in the sum of all.
    var seen: UInt8 = 0
    bytes.withUnsafeMutableBufferPointer { out in
      var from = 0
      var to = 0
      while from + 4 <= length {
        let letters = (
          values[Int(text[from])], values[Int(text[from + 1])], values[Int(text[from + 2])],
          values[Int(text[from + 3])]
        )
        seen |= letters.0 | letters.1 | letters.2 | letters.3
        out[to] = letters.0 << 2 | letters.1 >> 4
        out[to + 1] = letters.1 << 4 | letters.2 >> 2
        out[to + 2] = letters.2 << 6 | letters.3
        from += 4
        to += 3
      }
      guard from < length else { return }
      let letters = (
        values[Int(text[from])], values[Int(text[from + 1])],
        from + 2 < length ? values[Int(text[from + 2])] : 0
      )
      seen |= letters.0 | letters.1 | letters.2
      out[to] = letters.0 << 2 | letters.1 >> 4
      let left: UInt8
      if from + 2 < length {
        out[to + 1] = letters.1 << 4 | letters.2 >> 2
        left = letters.2 & 3
      } else {
        left = letters.1 & 15
      }
      // Left-over bits must be zero: otherwise two texts would name the same bytes.
      if left != 0 { seen = 0x80 }
    }
    return seen & 0x80 == 0 ? bytes : nil
  }

  private static let standardLetters = (0..<64).map { letter(UInt8($0), .standard) }
  private static let urlLetters = (0..<64).map { letter(UInt8($0), .url) }
  private static let standardValues = (0...255).map { value(UInt8($0), .standard) }
  private static let urlValues = (0...255).map { value(UInt8($0), .url) }

  private static func value(_ letter: UInt8, _ alphabet: Alphabet) -> UInt8 {
    switch letter {
    case 65...90: letter - 65
    case 97...122: letter - 71
    case 48...57: letter + 4
    case 0x2B: alphabet == .standard ? 62 : 255
    case 0x2F: alphabet == .standard ? 63 : 255
    case 0x2D: alphabet == .url ? 62 : 255
    case 0x5F: alphabet == .url ? 63 : 255
    default: 255
    }
  }

  private static func letter(_ value: UInt8, _ alphabet: Alphabet) -> UInt8 {
    switch value {
    case 0..<26: value + 65
    case 26..<52: value + 71
    case 52..<62: value - 4
    case 62: alphabet == .standard ? 0x2B : 0x2D
    default: alphabet == .standard ? 0x2F : 0x5F
    }
  }
}
