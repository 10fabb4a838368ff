/// The `ETag` of an answer with the deny list: which version a device holds that kept the answer.
struct DenyListTag: Hashable, Sendable {
  let version: Int64
  /// The version that the answer is a difference against; 0 of a whole list.
  let since: Int64
  /// `json` or `bin`.
  let format: String

  /// As it stands in a header field.
  var text: String { "\"\(version)-\(since)-\(format)\"" }

  /// Makes a tag.
  init(version: Int64, since: Int64, format: String) {
    self.version = version
    self.since = since
    self.format = format
  }

  /// Reads one tag, weak or strong; nil when it is none of ours.
  private init?(_ text: Substring) {
    var rest = text
    if rest.hasPrefix("W/") { rest.removeFirst(2) }
    guard rest.count > 2, rest.first == "\"", rest.last == "\"" else { return nil }
    let parts = rest.dropFirst().dropLast().split(separator: "-", omittingEmptySubsequences: false)
    guard parts.count == 3, let version = Int64(parts[0]), let since = Int64(parts[1]),
      version >= 0, since >= 0, parts[2] == "json" || parts[2] == "bin"
    else { return nil }
    self.init(version: version, since: since, format: String(parts[2]))
  }

  /// The tags of ours in a field `If-None-Match`.
  static func all(in field: String) -> [DenyListTag] {
    field.split { $0 == "," || $0 == " " || $0 == "\t" }.compactMap { DenyListTag($0) }
  }
}
