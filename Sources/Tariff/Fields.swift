import Basics

/// Gathers what is wrong with a file.
final class FaultList {
  let file: String
  /// Whether the text was published, so that the program took it once.
  let isPublished: Bool
  private(set) var faults: [TariffFault] = []

  /// Most faults that are reported; a broken file has thousands.
  static let faultsMax = 200

  init(file: String, isPublished: Bool = false) {
    self.file = file
    self.isPublished = isPublished
  }

  /// Whether something is wrong that is not a mere doubt.
  var hasErrors: Bool { faults.contains { !$0.isWarning } }

  /// How many faults are there that are not mere doubts: what came of a part is seen by it.
  var errorCount: Int { faults.count { !$0.isWarning } }

  func error(_ line: Int, _ message: String) { add(line, message, isWarning: false) }

  func warn(_ line: Int, _ message: String) { add(line, message, isWarning: true) }

  /// Refuses what older programs took: a text that was published under them still has to be read.
  func refuse(_ line: Int, _ message: String) { add(line, message, isWarning: isPublished) }

  private func add(_ line: Int, _ message: String, isWarning: Bool) {
    guard faults.count < FaultList.faultsMax else { return }
    let fault = TariffFault(file: file, line: line, message: message, isWarning: isWarning)
    if !faults.contains(fault) { faults.append(fault) }
  }
}

/// The keys of a map as a rule takes them; a key that nobody takes is a fault.
final class Fields {
  let line: Int
  private let what: String
  private let entries: [YAMLEntry]
  private var taken: Set<String> = []
  private var known: [String] = []
  let faults: FaultList

  /// Opens a map; nil, with a fault, when there is none.
  init?(_ tree: YAMLTree?, _ what: String, _ faults: FaultList) {
    guard let tree, let entries = tree.entries else {
      if let tree { faults.error(tree.line, "\(what) is a map of keys, not \(tree.kindText)") }
      return nil
    }
    line = tree.line
    self.what = what
    self.entries = entries
    self.faults = faults
  }

  /// The value of a key that may be missing.
  func take(_ key: String) -> YAMLTree? {
    known.append(key)
    guard let entry = entries.first(where: { $0.key == key }) else { return nil }
    taken.insert(key)
    if case .nothing = entry.value.kind {
      faults.error(entry.line, "\"\(key)\" has no value; leave the key out or give it one")
      return nil
    }
    return entry.value
  }

  /// The value of a key that must be there.
  func require(_ key: String) -> YAMLTree? {
    let value = take(key)
    if value == nil, !entries.contains(where: { $0.key == key }) {
      faults.error(line, "\(what) needs the key \"\(key)\"")
    }
    return value
  }

  /// All entries that have not been taken, for maps whose keys are names.
  func rest() -> [YAMLEntry] {
    let left = entries.filter { !taken.contains($0.key) }
    for entry in left { taken.insert(entry.key) }
    return left
  }

  /// Reports the keys that nobody took.
  func finish() {
    for entry in entries where !taken.contains(entry.key) {
      let close = known.filter { editDistance($0, entry.key) <= 2 }.min()
      let hint =
        close.map { "; did you mean \"\($0)\"?" }
        ?? "; known: \(Set(known).sorted().joined(separator: ", "))"
      faults.error(entry.line, "unknown key \"\(entry.key)\" in \(what)\(hint)")
    }
  }
}

extension Fields {
  /// The entries of a map whose keys are names; nil when the key is missing.
  func map(_ key: String) -> [YAMLEntry]? {
    guard let tree = take(key) else { return nil }
    guard let entries = tree.entries else {
      faults.error(tree.line, "\"\(key)\" is a map of names, not \(tree.kindText)")
      return nil
    }
    return entries
  }

  /// A word or number as it stands.
  func text(_ key: String) -> String? {
    guard let tree = take(key) else { return nil }
    guard let text = tree.text else {
      faults.error(tree.line, "\"\(key)\" is one word or number, not \(tree.kindText)")
      return nil
    }
    return text
  }

  /// One word of a closed list.
  func choice<T: RawRepresentable & CaseIterable>(_ key: String, _ type: T.Type) -> T?
  where T.RawValue == String {
    guard let tree = take(key) else { return nil }
    guard let text = tree.text, let value = T(rawValue: text) else {
      let words = T.allCases.map(\.rawValue).joined(separator: ", ")
      faults.error(tree.line, "\"\(key)\" is \(tree.kindText); it is one of: \(words)")
      return nil
    }
    return value
  }

  /// `true` or `false`, also `yes` and `no`.
  func flag(_ key: String) -> Bool? {
    guard let tree = take(key) else { return nil }
    switch tree.text {
    case "true", "yes": return true
    case "false", "no": return false
    default:
      faults.error(tree.line, "\"\(key)\" is yes or no, not \(tree.kindText)")
      return nil
    }
  }

  /// A whole number in a range.
  func integer(_ key: String, _ range: ClosedRange<Int>) -> Int? {
    guard let tree = take(key) else { return nil }
    guard let text = tree.text, let value = Int(text), range.contains(value) else {
      faults.error(
        tree.line,
        "\"\(key)\" is a whole number from \(range.lowerBound) to \(range.upperBound), "
          + "not \(tree.kindText)")
      return nil
    }
    return value
  }

  /// A date of the calendar.
  func day(_ key: String) -> Day? {
    guard let tree = take(key) else { return nil }
    return readDay(tree, "\"\(key)\"", faults)
  }

  /// A length of time in microseconds: `30 min`, `2 h`, `7 days`.
  func duration(_ key: String) -> Int64? {
    guard let tree = take(key) else { return nil }
    guard let value = tree.text.flatMap(microseconds) else {
      faults.error(
        tree.line,
        "\"\(key)\" is a length of time such as 30 min, 2 h or 7 days, not "
          + tree.kindText)
      return nil
    }
    return value
  }

  /// A text in two languages; one word stands for both.
  func bilingual(_ key: String) -> Bilingual? {
    guard let tree = take(key) else { return nil }
    if let text = tree.text { return Bilingual(uk: text, en: text) }
    guard let both = Fields(tree, "\"\(key)\"", faults) else { return nil }
    let uk = both.text("uk")
    let en = both.text("en")
    both.finish()
    guard let uk = uk ?? en, let en = en ?? uk as String? else { return nil }
    return Bilingual(uk: uk, en: en)
  }
}

/// A date of the calendar; a fault when it is none.
func readDay(_ tree: YAMLTree, _ what: String, _ faults: FaultList) -> Day? {
  guard let text = tree.text, let day = Day(text) else {
    faults.error(tree.line, "\(what) is a date such as 2026-11-22, not \(tree.kindText)")
    return nil
  }
  return day
}

/// Microseconds of a length of time such as `30 min`; nil when it is anything else.
func microseconds(_ text: String) -> Int64? {
  let digits = text.prefix { $0.isASCII && $0.isNumber }
  let unit = text.dropFirst(digits.count).drop { $0 == " " }
  guard let count = Int64(digits), count > 0, count < 1_000_000 else { return nil }
  switch unit {
  case "s", "sec", "seconds": return count * 1_000_000
  case "min", "minutes": return count * 60_000_000
  case "h", "hours", "hour": return count * 3_600_000_000
  case "days", "day", "d": return count * 86_400_000_000
  default: return nil
  }
}

/// Seconds of a wall clock time such as `06:30`; `24:00` is the end of the day.
func clockSeconds(_ text: String) -> Int? {
  let parts = text.split(separator: ":", omittingEmptySubsequences: false).map { Int($0) }
  guard (2...3).contains(parts.count), let hours = parts[0], let minutes = parts[1] else {
    return nil
  }
  let seconds = parts.count == 3 ? parts[2] : 0
  guard let seconds, (0...24).contains(hours), (0..<60).contains(minutes),
    (0..<60).contains(seconds)
  else { return nil }
  let total = hours * 3600 + minutes * 60 + seconds
  return total <= 86_400 ? total : nil
}

/// Hundredths of a percent of `50%` or `37.5%`; nil when it is anything else.
func basisPoints(_ text: String) -> Int64? {
  guard text.hasSuffix("%") else { return nil }
  let parts = text.dropLast().split(separator: ".", omittingEmptySubsequences: false)
  guard (1...2).contains(parts.count), let whole = Int64(parts[0]), (0...1000).contains(whole)
  else { return nil }
  guard parts.count == 2 else { return whole * 100 }
  guard (1...2).contains(parts[1].count), let fraction = Int64(parts[1]), fraction >= 0 else {
    return nil
  }
  return whole * 100 + (parts[1].count == 1 ? fraction * 10 : fraction)
}

/// How many letters two words differ by, for "did you mean".
func editDistance(_ first: String, _ second: String) -> Int {
  let left = Array(first.unicodeScalars)
  let right = Array(second.unicodeScalars)
  guard abs(left.count - right.count) <= 3, left.count < 40 else { return 99 }
  var row = Array(0...right.count)
  for (i, letter) in left.enumerated() {
    var diagonal = row[0]
    row[0] = i + 1
    for (j, other) in right.enumerated() {
      let cost = letter == other ? diagonal : min(diagonal, row[j], row[j + 1]) + 1
      diagonal = row[j + 1]
      row[j + 1] = cost
    }
  }
  return row[right.count]
}
