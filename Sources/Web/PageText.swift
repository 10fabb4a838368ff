import Mustache

/// Text in a page: what HTML would read as markup is written as names, scalar by scalar.
///
/// By characters, as the library's own escaping goes, a sign that belongs to the one before or after it
/// (a quotation mark with an accent, `<` behind U+0600) is no sign of markup, and browsers read scalars.
struct PageText: MustacheContentType {
  static let name = "PAGE"

  func escapeText(_ text: String) -> String {
    var escaped = ""
    escaped.reserveCapacity(text.utf8.count)
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": escaped += "&amp;"
      case "<": escaped += "&lt;"
      case ">": escaped += "&gt;"
      case "\"": escaped += "&quot;"
      case "'": escaped += "&#39;"
      default: escaped.unicodeScalars.append(scalar)
      }
    }
    return escaped
  }
}
