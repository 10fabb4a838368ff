import Basics
import Tapping

/// What the fuzzers do with one input, by the names of their folders in `Fuzz/Seeds`; the edge has its own.
package enum ReaderTrial: String, Sendable, CaseIterable {
  /// The body of a batch, and of an answer to one.
  case json, protobuf
  /// A packed body, and the same bytes as content to be packed.
  case gzip
  /// Lines that stand for the values of headers, and a handshake's text.
  case headers

  /// Reads an input; what does not hold of it.
  ///
  /// A reader that traps ends the program.
  package func run(_ input: [UInt8]) -> [String] {
    var findings = Findings()
    switch self {
    case .json:
      Oracles.read(input, BatchFormat(.json), &findings)
      _ = try? TapBatchAnswer.decode(input, .json)
    case .protobuf:
      Oracles.read(input, BatchFormat(.protobuf), &findings)
      _ = try? TapBatchAnswer.decode(input, .protobuf)
    case .gzip: Self.unpack(input, &findings)
    case .headers: Self.readHeaders(input, &findings)
    }
    return findings.texts
  }

  private static func unpack(_ body: [UInt8], _ findings: inout Findings) {
    let limit = 10_000
    if let content = try? Gzip.unpack(body, bytesMax: limit) {
      findings.expect(content.count <= limit, "more was unpacked than allowed")
      let again = try? Gzip.unpack(Gzip.pack(content), bytesMax: limit)
      findings.expect(again == content, "what was packed is not unpacked")
    }
    let packed = Gzip.pack(body)
    let unpacked = try? Gzip.unpack(packed, bytesMax: body.count)
    findings.expect(unpacked == body, "packed and lost")
    for encoding in BatchEncoding.allCases {
      Oracles.read(body, BatchFormat(encoding, isGzipped: true), &findings)
      Oracles.read(packed, BatchFormat(encoding, isGzipped: true), &findings)
    }
  }

  private static func readHeaders(_ input: [UInt8], _ findings: inout Findings) {
    var lines = input.split(separator: 0x0A, maxSplits: 6, omittingEmptySubsequences: false)
      .map { String(decoding: $0, as: UTF8.self) }
    while lines.count < 7 { lines.append("") }
    readSessionHeaders(lines, &findings)
    _ = try? BatchFormat(contentType: lines[0], contentEncoding: lines[1])
    _ = BatchEncoding.preferred(accept: lines[2], otherwise: .json)
    _ = BatchFormat(rawValue: lines[0])
    for alphabet in [Base64.Alphabet.standard, .url] {
      guard let bytes = Base64.decode(lines[0], alphabet) else { continue }
      let text = Base64.encode(bytes, alphabet)
      findings.expect(Base64.decode(text, alphabet) == bytes, "base64 is not read back")
    }
    if let instant = Instant(iso8601: lines[0]) { _ = instant.description }
    readHandshake(input, &findings)
  }

  private static func readSessionHeaders(_ lines: [String], _ findings: inout Findings) {
    guard
      let headers = try? SessionHeaders(
        session: lines[0], count: lines[1], chain: lines[2], mac: lines[3],
        checkpoint: lines[4].isEmpty ? nil : lines[4])
    else { return }
    let values = headers.fields.map(\.value)
    let again = try? SessionHeaders(
      session: values[0], count: values[1], chain: values[2], mac: values[3],
      checkpoint: values.count > 4 ? values[4] : nil)
    findings.expect(again == headers, "headers are not read back")
  }

  private static func readHandshake(_ input: [UInt8], _ findings: inout Findings) {
    if let proposal = try? SessionProposal(body: input) {
      findings.expect(proposal.body == input, "a proposal is written in two ways")
    }
    if let grant = try? SessionGrant(body: input) {
      findings.expect(grant.body == input, "a grant is written in two ways")
    }
  }
}
