package import Tapping
package import Transit

/// The deny list that a validator holds: taken in whole, then carried on by differences.
package struct HeldDenyList: Sendable, Hashable {
  /// Form in which it is asked for.
  package static let mediaType = "application/octet-stream"

  private var list: DenyListFile?
  /// The `ETag` of the answer that was taken in last.
  package private(set) var tag: String?

  /// Holds nothing.
  package init() {}

  /// The version it stands at; nil when there is none yet.
  package var version: Int64? { list?.version }

  /// Media on it.
  package var count: Int { list?.addedCount ?? 0 }

  /// Where to ask for what is newer.
  package var target: String {
    version.map { "/v1/deny-list?since=\($0)" } ?? "/v1/deny-list"
  }

  /// Takes the bytes of an answer in; false when they are damaged or follow on another list than this one.
  package mutating func take(_ bytes: [UInt8], tag: String?) -> Bool {
    guard let file = DenyListFile(binary: bytes) else { return false }
    guard let since = file.since else {
      (list, self.tag) = (file, tag)
      return true
    }
    guard let held = list, held.version == since, held.salt == file.salt else { return false }
    let entries = Self.entries(held.added).union(Self.entries(file.added))
      .subtracting(Self.entries(file.removed))
    list = DenyListFile(
      version: file.version, since: nil, salt: file.salt,
      added: entries.sorted { $0.lexicographicallyPrecedes($1) }.flatMap(\.self))
    self.tag = tag
    return true
  }

  /// Whether a validator turns a medium away that is held to it.
  package func denies(_ medium: MediumKind, token: [UInt8]) -> Bool {
    guard let list, list.addedCount > 0 else { return false }
    return list.denies(TokenFingerprint.of(kind: medium, token: token, salt: list.salt))
  }

  /// The version that a batch of accepted taps names; nil where this list would have turned one of them away.
  ///
  /// Taps of a day of the past were recorded before this list said so, by an older one that nobody holds any more.
  package func version(of taps: [Tap]) -> Int64? {
    taps.contains { denies($0.medium, token: $0.token) } ? nil : version
  }

  private static func entries(_ bytes: [UInt8]) -> Set<ArraySlice<UInt8>> {
    let size = TokenFingerprint.byteCount
    return Set(stride(from: 0, to: bytes.count, by: size).map { bytes[$0..<$0 + size] })
  }
}
