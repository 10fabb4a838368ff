/// Two people are two: who asked for something about money may not decide it.
package enum SecondPerson {
  /// Whether two names are of one person.
  ///
  /// Letters differ in case, and names in their blanks or in what is not seen, only by a slip of the hand, or by intent.
  package static func isSame(_ one: String, _ other: String) -> Bool {
    seen(one).lowercased() == seen(other).lowercased()
  }

  /// A name as it is read: labels from before there was a rule may hold more.
  private static func seen(_ text: String) -> String {
    spaced(String(String.UnicodeScalarView(spaced(text).unicodeScalars.filter(AccessGrant.isSeen))))
  }

  /// A name with one blank between its words and none around them, whichever blanks it was written with.
  static func spaced(_ text: String) -> String {
    // A cell of Braille without a dot is no blank to Unicode.
    text.split { $0.isWhitespace || $0 == "\u{2800}" }.joined(separator: " ")
  }

  /// A name or a reason without the blanks around it.
  package static func trimmed(_ text: String) -> String {
    String(text.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
  }

  /// Whether a name or a reason says nothing: of blanks and of what is not seen nobody reads anything.
  package static func isBlank(_ text: String) -> Bool { seen(text).isEmpty }
}
