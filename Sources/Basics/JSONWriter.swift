/// Writes a JSON text (RFC 8259) into bytes; commas are set by itself.
package struct JSONWriter: Sendable {
  /// What was written so far.
  package private(set) var bytes: [UInt8] = []
  private var needsComma = false

  /// Starts an empty text.
  package init() {}

  /// Opens an object.
  package mutating func beginObject() { open(0x7B) }

  /// Closes an object.
  package mutating func endObject() { close(0x7D) }

  /// Opens an array.
  package mutating func beginArray() { open(0x5B) }

  /// Closes an array.
  package mutating func endArray() { close(0x5D) }

  /// Writes the key of the member whose value comes next.
  package mutating func key(_ name: String) {
    comma()
    quote(name)
    bytes.append(0x3A)
    needsComma = false
  }

  /// Writes a text.
  package mutating func value(_ text: String) {
    comma()
    quote(text)
  }

  /// Writes a whole number.
  package mutating func value(_ number: some BinaryInteger) {
    comma()
    bytes.append(contentsOf: String(number).utf8)
  }

  /// Writes a number with the fewest digits that read back the same; it is finite.
  package mutating func value(_ number: Double) {
    precondition(number.isFinite, "JSON has no words for what is not a number")
    comma()
    let text = number.description
    bytes.append(contentsOf: (text.hasSuffix(".0") ? String(text.dropLast(2)) : text).utf8)
  }

  /// Writes true or false.
  package mutating func value(_ bool: Bool) {
    comma()
    bytes.append(contentsOf: (bool ? "true" : "false").utf8)
  }

  /// Writes null.
  package mutating func null() {
    comma()
    bytes.append(contentsOf: "null".utf8)
  }

  /// Writes a value that is JSON already.
  package mutating func raw(_ json: String) {
    comma()
    bytes.append(contentsOf: json.utf8)
  }

  /// Writes a list of objects, one for each of some things.
  package mutating func objects<Things: Sequence, Fault: Error>(
    _ things: Things, _ write: (inout JSONWriter, Things.Element) throws(Fault) -> Void
  ) throws(Fault) {
    beginArray()
    for thing in things {
      beginObject()
      try write(&self, thing)
      endObject()
    }
    endArray()
  }

  /// Writes a member with a list of objects, one for each of some things.
  package mutating func member<Things: Sequence, Fault: Error>(
    _ name: String, objects things: Things,
    _ write: (inout JSONWriter, Things.Element) throws(Fault) -> Void
  ) throws(Fault) {
    key(name)
    try objects(things, write)
  }

  /// Writes a member with a text.
  package mutating func member(_ name: String, _ text: String) {
    key(name)
    value(text)
  }

  /// Writes a member with a whole number.
  package mutating func member(_ name: String, _ number: some BinaryInteger) {
    key(name)
    value(number)
  }

  /// Writes a member with a number.
  package mutating func member(_ name: String, _ number: Double) {
    key(name)
    value(number)
  }

  /// Writes a member with true or false.
  package mutating func member(_ name: String, _ bool: Bool) {
    key(name)
    value(bool)
  }

  private mutating func open(_ byte: UInt8) {
    comma()
    bytes.append(byte)
    needsComma = false
  }

  private mutating func close(_ byte: UInt8) {
    bytes.append(byte)
    needsComma = true
  }

  private mutating func comma() {
    if needsComma { bytes.append(0x2C) }
    needsComma = true
  }

  private mutating func quote(_ text: String) {
    bytes.append(0x22)
    for byte in text.utf8 {
      switch byte {
      case 0x22, 0x5C: bytes.append(contentsOf: [0x5C, byte])
      case 0x0A: bytes.append(contentsOf: [0x5C, 0x6E])
      case ..<0x20:
        bytes.append(contentsOf: "\\u00".utf8)
        bytes.append(contentsOf: hexText([byte]).utf8)
      default: bytes.append(byte)
      }
    }
    bytes.append(0x22)
  }
}
