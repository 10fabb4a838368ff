import Basics
import Charging

/// A sentence of the program in English with what stands in it, and the same in Ukrainian.
///
/// What is kept (why an order was asked for, what is noted of a line) and what refuses something are written once,
/// in English, for programs read them too; pages show them in the language of the reader. A hole is written
/// `{any}`, `{n}` digits, `{day}`, `{subject}` what a line is the money of, `{state}` or `{said}`, another
/// sentence; both versions have the same holes in the same order.
package struct ToldSentence: Sendable {
  package let english: String
  package let ukrainian: String

  /// Makes a sentence from its two versions.
  init(_ english: String, _ ukrainian: String) {
    self.english = english
    self.ukrainian = ukrainian
  }

  /// A text of the program in Ukrainian; nil where it is none that is known, such as one that a person wrote.
  package static func ukrainian(of text: String) -> String? {
    let isSentence = text.hasSuffix(".")
    let bare = isSentence ? String(text.dropLast()) : text
    for sentence in all {
      if let told = sentence.told(of: bare) { return isSentence ? told + "." : told }
    }
    return nil
  }

  /// Literal pieces and the names of the holes between them: one more of the former.
  static func parts(_ pattern: String) -> (literals: [Substring], holes: [Substring]) {
    let pieces = pattern.split(separator: "{", omittingEmptySubsequences: false)
    var literals = [pieces[0]]
    var holes: [Substring] = []
    for piece in pieces.dropFirst() {
      let halves = piece.split(separator: "}", maxSplits: 1, omittingEmptySubsequences: false)
      holes.append(halves[0])
      literals.append(halves.count > 1 ? halves[1] : "")
    }
    return (literals, holes)
  }

  private func told(of text: String) -> String? {
    let (literals, holes) = Self.parts(english)
    guard text.hasPrefix(literals[0]) else { return nil }
    var rest = text.dropFirst(literals[0].count)
    var values: [String] = []
    for (index, hole) in holes.enumerated() {
      let literal = literals[index + 1]
      let value: Substring
      if index == holes.count - 1 {
        guard rest.hasSuffix(literal), rest.count > literal.count else { return nil }
        value = rest.dropLast(literal.count)
        rest = ""
      } else {
        guard let range = rest.firstRange(of: literal) else { return nil }
        value = rest[..<range.lowerBound]
        rest = rest[range.upperBound...]
      }
      guard let word = Self.word(String(value), in: hole) else { return nil }
      values.append(word)
    }
    guard rest.isEmpty else { return nil }
    let words = Self.parts(ukrainian).literals
    return zip(words, values + [""]).map { $0 + $1 }.joined()
  }

  /// What stands in a hole, in Ukrainian; nil where it is not of the hole's kind.
  private static func word(_ text: String, in hole: Substring) -> String? {
    switch hole {
    case "n": Int64(text) == nil ? nil : text
    case "day":
      Day(text).map { People(language: .ukrainian, zone: .utc).day($0) }
    case "subject":
      StatementSubject(rawValue: text).flatMap { Texts.all["bank_kind_\($0.rawValue)"]?.ukrainian }
    case "state": states[text]
    case "said": ukrainian(of: text) ?? text
    default: text.isEmpty ? nil : text
    }
  }

  private static let states = [
    "approved": "погоджено", "refused": "відхилено", "awaiting": "чекає на рішення",
    "sent": "передано банку", "paid": "сплачено", "returned": "повернулося", "requested": "подано",
    "asking": "запитано еквайра", "settled": "розраховано", "failed": "не вдалося",
    "proposed": "подано", "decided": "вирішено",
  ]
}
