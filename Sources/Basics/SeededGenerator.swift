/// A random generator that gives the same numbers for the same seed on every machine.
///
/// SplitMix64 (Steele, Lea, Flood 2014): good enough for worlds to test with, never for keys.
package struct SeededGenerator: RandomNumberGenerator, Sendable {
  private var state: UInt64

  /// Starts a sequence.
  package init(seed: UInt64) { state = seed }

  package mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }

  /// A generator of its own for a part of the world, so that parts do not disturb each other.
  package mutating func fork() -> SeededGenerator { SeededGenerator(seed: next()) }

  /// A whole number in a closed range.
  package mutating func integer(in range: ClosedRange<Int>) -> Int {
    Int.random(in: range, using: &self)
  }

  /// A fraction from 0 up to, not including, 1.
  package mutating func fraction() -> Double { Double(next() >> 11) * 0x1p-53 }

  /// True with a probability.
  package mutating func chance(_ probability: Double) -> Bool { fraction() < probability }
}

/// A hash that is the same in every process and on every machine (FNV-1a, 64 bits), for lanes and seeds.
package func stableHash(_ bytes: some Sequence<UInt8>) -> UInt64 {
  var hash: UInt64 = 0xCBF2_9CE4_8422_2325
  for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
  return hash
}

/// The same hash of a text's UTF-8, over its bytes in place.
package func stableHash(_ text: String) -> UInt64 {
  var text = text
  return text.withUTF8 { stableHash($0) }
}
