#if canImport(Glibc)
  import Glibc
#endif

/// Names in the order in which they came, found by their bytes without making a string.
///
/// Open addressing with linear probing over one arena of bytes: a look-up of a trip for every stop
/// time of a large feed costs tens of nanoseconds.
struct IDIndex: Sendable {
  private var arena: [UInt8] = []
  private var ends: [Int] = []
  private var hashes: [UInt32] = []
  private var slots: [Int32]
  private var mask: Int

  /// Makes an empty index.
  init() {
    slots = Array(repeating: -1, count: 64)
    mask = 63
  }

  /// Makes an index of names; of equal ones the first counts.
  init(_ names: some Sequence<String>) {
    self.init()
    for name in names { append(name) }
  }

  /// Number of places, repeated names included.
  var count: Int { ends.count }

  /// Adds a name and tells its place, or the place it already has.
  mutating func insert(_ bytes: UnsafeBufferPointer<UInt8>) -> (index: Int, isNew: Bool) {
    let hash = IDIndex.hash(bytes)
    let slot = self.slot(of: bytes, hash: hash)
    if slots[slot] >= 0 { return (Int(slots[slot]), false) }
    add(bytes, hash: hash, slot: slot)
    return (ends.count - 1, true)
  }

  /// The place of a name; nil when it is not there.
  func find(_ bytes: UnsafeBufferPointer<UInt8>) -> Int? {
    let found = slots[slot(of: bytes, hash: IDIndex.hash(bytes))]
    return found < 0 ? nil : Int(found)
  }

  /// The place of a name; nil when it is not there.
  func find(_ name: String) -> Int? {
    var copy = name
    return copy.withUTF8 { find($0) }
  }

  /// Whether the name at a place is this one.
  func isName(_ index: Int, _ bytes: UnsafeBufferPointer<UInt8>) -> Bool { isEqual(index, bytes) }

  /// Whether a name is there.
  func contains(_ name: String) -> Bool { find(name) != nil }

  /// Adds a name at the next place, even when it is there already and will not be found.
  mutating func append(_ name: String) {
    var copy = name
    copy.withUTF8 { bytes in
      let hash = IDIndex.hash(bytes)
      let slot = self.slot(of: bytes, hash: hash)
      if slots[slot] < 0 {
        add(bytes, hash: hash, slot: slot)
      } else {
        arena.append(contentsOf: bytes)
        ends.append(arena.count)
        hashes.append(hash)
      }
    }
  }

  private mutating func add(_ bytes: UnsafeBufferPointer<UInt8>, hash: UInt32, slot: Int) {
    arena.append(contentsOf: bytes)
    ends.append(arena.count)
    hashes.append(hash)
    slots[slot] = Int32(ends.count - 1)
    if ends.count * 2 > slots.count { grow() }
  }

  private mutating func grow() {
    let old = slots
    slots = Array(repeating: -1, count: old.count * 2)
    mask = slots.count - 1
    for index in old where index >= 0 {
      var slot = Int(hashes[Int(index)]) & mask
      while slots[slot] >= 0 { slot = (slot + 1) & mask }
      slots[slot] = index
    }
  }

  /// The slot that holds the name, or the empty one where it would stand.
  private func slot(of bytes: UnsafeBufferPointer<UInt8>, hash: UInt32) -> Int {
    var slot = Int(hash) & mask
    while true {
      let index = Int(slots[slot])
      if index < 0 || (hashes[index] == hash && isEqual(index, bytes)) { return slot }
      slot = (slot + 1) & mask
    }
  }

  private func isEqual(_ index: Int, _ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    let start = index == 0 ? 0 : ends[index - 1]
    guard ends[index] - start == bytes.count else { return false }
    guard let other = bytes.baseAddress, bytes.count > 0 else { return true }
    return arena.withUnsafeBufferPointer { own in
      guard let base = own.baseAddress else { return false }
      return memcmp(base + start, other, bytes.count) == 0
    }
  }

  private static func hash(_ bytes: UnsafeBufferPointer<UInt8>) -> UInt32 {
    var hash: UInt64 = 0x9E37_79B9_7F4A_7C15
    let raw = UnsafeRawBufferPointer(bytes)
    var at = 0
    while at + 8 <= raw.count {
      hash = mix(hash ^ raw.loadUnaligned(fromByteOffset: at, as: UInt64.self))
      at += 8
    }
    var tail = UInt64(truncatingIfNeeded: raw.count) << 56
    while at < raw.count {
      tail = tail << 8 ^ UInt64(raw[at])
      at += 1
    }
    return UInt32(truncatingIfNeeded: mix(hash ^ tail) >> 32)
  }

  private static func mix(_ value: UInt64) -> UInt64 {
    let product = value &* 0xBF58_476D_1CE4_E5B9
    return product ^ (product >> 29)
  }
}
