import Basics

/// What the values of a tap are told apart by.
enum Dimension: Int, CaseIterable, Sendable {
  case mode, operatorID, route, vehicle, stop, zone, category, medium
}

/// A set of values that a condition asks for.
struct ValueMatcher: Hashable, Sendable {
  var names: Set<String> = []
  /// Whole numbers from and to: routes 500 to 599.
  var ranges: [ClosedRange<Int>] = []
  /// Whether any value at all will do.
  var matchesAny = false
  /// Whether the absence of a value will do.
  var matchesNone = false

  /// Whether a value is in the set.
  func matches(_ value: String?) -> Bool {
    guard let value else { return matchesNone }
    if matchesAny || names.contains(value) { return true }
    guard !ranges.isEmpty, let number = Int(value) else { return false }
    return ranges.contains { $0.contains(number) }
  }
}

/// A value as the engine sees it: numbers instead of text.
struct Seen: Sendable {
  /// Place in the table's names; -1 when the tariff does not mention the value, or there is none.
  var id: Int32
  /// Hash of the text; 0 when there is no value.
  var hash: UInt32
  /// One bit for each set of the tariff's conditions that the value is in.
  var mask: UInt64

  static let nothing = Seen(id: -1, hash: 0, mask: 0)
}

/// The values of one dimension that a tariff mentions, and the sets it puts them into.
struct SymbolTable: Sendable {
  /// Most sets of values in the conditions on one dimension; each is one bit of a mask.
  static let matchersMax = 64

  private(set) var names: [String] = []
  /// Hashes of the names.
  private var hashes: [UInt32] = []
  /// An open table of the names' numbers by hash, at most half full; -1 is an empty place.
  ///
  /// So a look costs no hash of the standard library.
  private var places: [Int32] = [-1, -1]
  private(set) var matchers: [ValueMatcher] = []
  private var masks: [UInt64] = []
  /// The sets that the absence of a value is in.
  private(set) var absentMask: UInt64 = 0

  /// Whether any value is told apart from others.
  var mentionsAny: Bool { !names.isEmpty || !matchers.isEmpty }

  /// The number of a value, which is new when it was not mentioned before.
  mutating func intern(_ name: String) -> Int32 {
    if let id = id(of: name) { return id }
    let id = Int32(names.count)
    names.append(name)
    hashes.append(tag(name))
    masks.append(0)
    enter(id)
    for (bit, matcher) in matchers.enumerated() where matcher.matches(name) {
      masks[Int(id)] |= 1 << UInt64(bit)
    }
    return id
  }

  /// The bit of a set of values; nil when there are too many.
  mutating func mask(of matcher: ValueMatcher) -> UInt64? {
    if let bit = matchers.firstIndex(of: matcher) { return 1 << UInt64(bit) }
    guard matchers.count < SymbolTable.matchersMax else { return nil }
    let bit = UInt64(matchers.count)
    matchers.append(matcher)
    // The order of a set is another in each process; the numbers stand in states that others read.
    for name in matcher.names.sorted() { _ = intern(name) }
    for (index, name) in names.enumerated() where matcher.matches(name) {
      masks[index] |= 1 << bit
    }
    if matcher.matchesNone { absentMask |= 1 << bit }
    return 1 << bit
  }

  /// The number of a value that the tariff mentions.
  func id(of name: String) -> Int32? {
    let id = find(name, hash: tag(name))
    return id < 0 ? nil : id
  }

  /// The number of a name with its hash; -1 when the tariff does not mention it.
  private func find(_ name: String, hash: UInt32) -> Int32 {
    var place = Int(hash) & (places.count - 1)
    while places[place] >= 0 {
      let id = Int(places[place])
      if hashes[id] == hash, names[id] == name { return Int32(id) }
      place = (place + 1) & (places.count - 1)
    }
    return -1
  }

  /// Puts a new name into the open table, which is made anew when it is half full.
  private mutating func enter(_ new: Int32) {
    guard names.count * 2 > places.count else { return put(new) }
    places = Array(repeating: -1, count: places.count * 4)
    for id in names.indices { put(Int32(id)) }
  }

  private mutating func put(_ id: Int32) {
    var place = Int(hashes[Int(id)]) & (places.count - 1)
    while places[place] >= 0 { place = (place + 1) & (places.count - 1) }
    places[place] = id
  }

  /// A value of a tap as the engine sees it.
  func look(_ text: String) -> Seen {
    let hash = tag(text)
    let id = find(text, hash: hash)
    if id >= 0 { return Seen(id: id, hash: hash, mask: masks[Int(id)]) }
    var mask: UInt64 = 0
    for (bit, matcher) in matchers.enumerated() where matcher.matches(text) {
      mask |= 1 << UInt64(bit)
    }
    return Seen(id: -1, hash: hash, mask: mask)
  }
}

/// A short hash that names a rule or a value in stored states; never 0.
func tag(_ text: String) -> UInt32 {
  let hash = stableHash(text)
  return max(1, UInt32(truncatingIfNeeded: hash ^ (hash >> 32)))
}
