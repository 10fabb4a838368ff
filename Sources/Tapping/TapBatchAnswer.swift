package import Basics

/// What the service answers once a batch is durable.
package struct TapBatchAnswer: Hashable, Sendable {
  /// A tap that is kept in quarantine and makes no fare.
  package struct Rejected: Hashable, Sendable {
    package var seq: Int64
    /// A word for programs: `tap_in_future`.
    package var code: String
    package var message: String

    /// Makes a rejection.
    package init(seq: Int64, code: String, message: String) {
      self.seq = seq
      self.code = code
      self.message = message
    }
  }

  /// Taps stored for the first time.
  package var accepted: Int
  /// Taps that were known with the same content.
  package var duplicates: Int
  /// Numbers that were known with other content; both contents are kept.
  package var conflicts: [Int64]
  package var rejected: [Rejected]
  /// See `Acknowledgement.ackThrough`.
  package var ackThrough: Int64
  /// Holes at or below `ackThrough`, oldest first.
  package var missing: [ClosedRange<Int64>]
  package var serverTime: Instant
  /// Version of the tariff that is in force.
  package var tariffVersion: String?
  /// Newest version of the deny list.
  package var denyListVersion: Int64?

  /// Makes an answer.
  package init(
    accepted: Int, duplicates: Int, conflicts: [Int64] = [], rejected: [Rejected] = [],
    ackThrough: Int64, missing: [ClosedRange<Int64>] = [], serverTime: Instant,
    tariffVersion: String? = nil, denyListVersion: Int64? = nil
  ) {
    self.accepted = accepted
    self.duplicates = duplicates
    self.conflicts = conflicts
    self.rejected = rejected
    self.ackThrough = ackThrough
    self.missing = missing
    self.serverTime = serverTime
    self.tariffVersion = tariffVersion
    self.denyListVersion = denyListVersion
  }
}

extension TapBatchAnswer {
  /// The answer as JSON.
  package func encode() -> [UInt8] {
    var writer = BatchWriter(
      bytesReserved: 256 + conflicts.count * 8 + rejected.count * 96 + missing.count * 24)
    writer.open("{")
    writer.key("accepted")
    writer.number(Int64(accepted))
    writer.key("duplicates")
    writer.number(Int64(duplicates))
    writer.key("conflicts")
    writer.open("[")
    for seq in conflicts { writer.number(seq) }
    writer.close("]")
    writer.key("rejected")
    writer.open("[")
    for tap in rejected { writer.rejected(tap) }
    writer.close("]")
    writer.key("ack_through")
    writer.number(ackThrough)
    writer.key("missing")
    writer.open("[")
    for gap in missing {
      writer.open("[")
      writer.number(gap.lowerBound)
      writer.number(gap.upperBound)
      writer.close("]")
    }
    writer.close("]")
    writer.key("server_time")
    writer.time(serverTime)
    writer.key("tariff_version")
    if let tariffVersion { writer.text(tariffVersion) } else { writer.null() }
    writer.key("deny_list_version")
    if let denyListVersion { writer.number(denyListVersion) } else { writer.null() }
    writer.close("}")
    return writer.bytes
  }
}

extension BatchWriter {
  fileprivate mutating func rejected(_ tap: TapBatchAnswer.Rejected) {
    open("{")
    key("seq")
    number(tap.seq)
    key("code")
    text(tap.code)
    key("message")
    text(tap.message)
    close("}")
  }
}
