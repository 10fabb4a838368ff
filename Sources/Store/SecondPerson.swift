/// Two people are two: who asked for something about money may not decide it.
package enum SecondPerson {
  /// Whether two names are of one person.
  ///
  /// Letters differ in case, and names in the blanks around them, only by a slip of the hand, or by
  /// intent.
  package static func isSame(_ one: String, _ other: String) -> Bool {
    trimmed(one).lowercased() == trimmed(other).lowercased()
  }

  /// A name or a reason without the blanks around it.
  package static func trimmed(_ text: String) -> String {
    String(text.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
  }

  /// Whether a name or a reason says nothing.
  package static func isBlank(_ text: String) -> Bool { text.allSatisfy(\.isWhitespace) }
}
