/// Names of the sheets of a workbook.
///
/// Excel takes 31 UTF-16 units, none of `[ ] : * ? / \`, no apostrophe at either end, and each name once
/// whatever its letters' case; the library gives no sheet for another name.
package enum SheetNames {
  /// Longest name, in UTF-16 units.
  package static let unitsMax = 31
  private static let refused: Set<Character> = ["[", "]", ":", "*", "?", "/", "\\", "'"]

  /// A name for each title, in their order, as near to the title as may be.
  package static func of(_ titles: [String]) -> [String] {
    var taken: Set<String> = []
    return titles.map { title in
      let words = title.split { refused.contains($0) || $0.isWhitespace }.joined(separator: " ")
      let base = words.isEmpty ? "–" : words
      var name = cut(base, to: unitsMax)
      var number = 2
      while !taken.insert(name.lowercased()).inserted {
        let tail = " \(number)"
        name = cut(base, to: unitsMax - tail.utf16.count) + tail
        number += 1
      }
      return name
    }
  }

  private static func cut(_ text: String, to units: Int) -> String {
    var text = text
    while text.utf16.count > units { text.removeLast() }
    return text
  }
}
