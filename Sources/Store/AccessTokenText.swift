import Basics
import Tapping

/// The text of a bearer token, as it is shown once and sent with each request.
package enum AccessTokenText {
  /// Number of random bytes in a token: 256 bits need no salt and no slow digest.
  package static let randomBytesCount = 32
  /// Makes a token easy to find for those who search texts for leaked secrets.
  package static let prefix = "kvytok_"

  /// A token from random bytes.
  package static func make(random: [UInt8]) -> String {
    precondition(random.count == randomBytesCount, "a token is made of 32 random bytes")
    return prefix + hexText(random)
  }

  /// What is stored of a token: SHA-256 of its text.
  package static func digest(of text: String) -> [UInt8] { SHA256Digest.hash(Array(text.utf8)) }
}
