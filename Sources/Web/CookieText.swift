import Basics

/// The `Set-Cookie` fields that the service sends.
enum CookieText {
  /// How long a person stays signed in: a working day.
  static let tokenSecondsMax = 12 * 3600
  /// How long a choice of language is kept: a year.
  static let languageSecondsMax = 365 * 86_400

  /// Keeps a token in the browser, out of reach of scripts and of other sites.
  static func token(_ token: String, isSecure: Bool) -> String {
    "\(Gate.cookieName)=\(token); Path=/; HttpOnly; SameSite=Strict; Max-Age=\(tokenSecondsMax)"
      + (isSecure ? "; Secure" : "")
  }

  /// Takes the token out of the browser.
  static let noToken = "\(Gate.cookieName)=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0"

  /// Keeps a choice of language in the browser.
  static func language(_ language: Language) -> String {
    "\(Language.parameterName)=\(language.rawValue); Path=/; SameSite=Strict; "
      + "Max-Age=\(languageSecondsMax)"
  }
}
