/// A language in which Kvytok speaks to people.
package enum Language: String, Sendable, CaseIterable {
  case ukrainian = "uk"
  case english = "en"
}

/// A text in both languages.
package struct Bilingual: Hashable, Sendable {
  package let ukrainian: String
  package let english: String

  /// Makes a text from its two versions.
  package init(uk ukrainian: String, en english: String) {
    self.ukrainian = ukrainian
    self.english = english
  }

  /// The text in a language.
  package subscript(language: Language) -> String {
    switch language {
    case .ukrainian: ukrainian
    case .english: english
    }
  }
}
