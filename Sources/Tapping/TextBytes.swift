/// What bytes are as a text, found without making one.
package struct TextBytes {
  package let isUTF8: Bool
  package let holdsNUL: Bool

  /// Looks at bytes, eight at a time as long as they are ASCII.
  package init(_ bytes: UnsafeRawBufferPointer) {
    var at = 0
    var high: UInt64 = 0
    var zeros: UInt64 = 0
    while at + 8 <= bytes.count {
      let word = bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self)
      high |= word
      // The high bit of each byte that is 0, of those without a high bit ("Bit Twiddling Hacks").
      zeros |= (word &- 0x0101_0101_0101_0101) & ~word
      at += 8
    }
    var holdsNUL = zeros & 0x8080_8080_8080_8080 != 0
    while at < bytes.count {
      let byte = bytes[at]
      high |= UInt64(byte)
      if byte == 0 { holdsNUL = true }
      at += 1
    }
    self.holdsNUL = holdsNUL
    isUTF8 =
      high & 0x8080_8080_8080_8080 == 0 || String(validating: bytes, as: UTF8.self) != nil
  }
}
