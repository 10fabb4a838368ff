import Basics
package import Postgres
package import Tapping

/// The key under which digests of rows of money are stamped: whoever has the database alone has it not.
///
/// The connections of the program bring it as a setting of their session, and the triggers of the tables
/// stamp with it. It follows from the key of the tokens, so there is one file less to keep.
package struct SealKey: Sendable {
  /// The setting by which the triggers find the key.
  package static let setting = "kvytok.seal_key"

  /// The two blocks of HMAC-SHA-256 (RFC 2104), in hexadecimal digits.
  private let blocks: String

  /// Derives the key from that of the tokens.
  package init(_ key: TokenKey) {
    let bytes = key.derived(for: "kvytok row seal 1")
    let block = bytes + [UInt8](repeating: 0, count: 64 - bytes.count)
    blocks = hexText(block.map { $0 ^ 0x36 }) + hexText(block.map { $0 ^ 0x5C })
  }

  /// Gives the key to all connections of a configuration.
  package func give(to configuration: inout PostgresConfiguration) {
    configuration.sessionSettings[Self.setting] = blocks
  }
}

extension SealKey: CustomStringConvertible, CustomReflectable {
  package var description: String { "the key of seals" }
  package var customMirror: Mirror { Mirror(self, children: []) }
}
