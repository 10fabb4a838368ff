import Basics
package import Store

extension SilentPlace {
  /// How an answer names it where its next page begins after it.
  package var pageText: String { "\(device)/\(lastContactAt?.description ?? "never")" }

  /// Reads what an answer named; nil when none did.
  package init?(pageText: String) {
    let parts = pageText.split(separator: "/")
    let moment = parts.last.flatMap { Instant(iso8601: $0) }
    guard parts.count == 2, moment != nil || parts[1] == "never" else { return nil }
    self.init(device: String(parts[0]), lastContactAt: moment)
  }
}

extension GapPlace {
  /// How an answer names it where its next page begins after it.
  package var pageText: String { "\(device)/\(epoch)/\(firstSeq)/\(knownSince)" }

  /// Reads what an answer named; nil when none did.
  package init?(pageText: String) {
    let parts = pageText.split(separator: "/")
    guard parts.count == 4, let epoch = Int64(parts[1]), let firstSeq = Int64(parts[2]),
      let knownSince = Instant(iso8601: parts[3])
    else { return nil }
    self.init(
      device: String(parts[0]), epoch: epoch, firstSeq: firstSeq, knownSince: knownSince)
  }
}
