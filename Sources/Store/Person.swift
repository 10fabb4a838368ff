import Postgres
import Tapping

/// Whoever orders or approves: the bearer of a token.
package struct Person: Sendable, Equatable {
  /// Whose token it is, for people.
  package let label: String
  /// SHA-256 of the token.
  package let tokenDigest: [UInt8]

  /// Names a person.
  package init(label: String, tokenDigest: [UInt8]) {
    self.label = label
    self.tokenDigest = tokenDigest
  }

  /// Whether both are one person: another token of the same person is no other person.
  package func isSame(as other: Person) -> Bool {
    SecondPerson.isSame(label, other.label) || constantTimeEquals(tokenDigest, other.tokenDigest)
  }
}

extension PostgresRow {
  /// Who did something, of the columns of the name and of the token.
  func person(_ label: String, _ digest: String) throws -> Person {
    Person(label: try text(label), tokenDigest: try bytea(digest))
  }

  /// Who did something; nil where nobody did.
  func personOrNil(_ label: String, _ digest: String) throws -> Person? {
    guard let name = try textOrNil(label), let token = try byteaOrNil(digest) else { return nil }
    return Person(label: name, tokenDigest: token)
  }
}
