import Basics
public import FuzzDriver
import Tapping

/// One input of libFuzzer: lines that stand for the values of headers, and a handshake's text.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let input = Array(UnsafeBufferPointer(start: start, count: count))
  var lines = input.split(separator: 0x0A, maxSplits: 6, omittingEmptySubsequences: false)
    .map { String(decoding: $0, as: UTF8.self) }
  while lines.count < 7 { lines.append("") }
  sessionHeaders(lines)
  _ = try? BatchFormat(contentType: lines[0], contentEncoding: lines[1])
  _ = BatchEncoding.preferred(accept: lines[2], otherwise: .json)
  _ = BatchFormat(rawValue: lines[0])
  for alphabet in [Base64.Alphabet.standard, .url] {
    guard let bytes = Base64.decode(lines[0], alphabet) else { continue }
    let text = Base64.encode(bytes, alphabet)
    precondition(Base64.decode(text, alphabet) == bytes, "base64 is not read back")
  }
  if let instant = Instant(iso8601: lines[0]) { _ = instant.description }
  handshake(input)
  return 0
}

private func sessionHeaders(_ lines: [String]) {
  guard
    let headers = try? SessionHeaders(
      session: lines[0], count: lines[1], chain: lines[2], mac: lines[3],
      checkpoint: lines[4].isEmpty ? nil : lines[4])
  else { return }
  let values = headers.fields.map(\.value)
  let again = try? SessionHeaders(
    session: values[0], count: values[1], chain: values[2], mac: values[3],
    checkpoint: values.count > 4 ? values[4] : nil)
  precondition(again == headers, "headers are not read back")
}

private func handshake(_ input: [UInt8]) {
  if let proposal = try? SessionProposal(body: input) {
    precondition(proposal.body == input, "a proposal is written in two ways")
  }
  if let grant = try? SessionGrant(body: input) {
    precondition(grant.body == input, "a grant is written in two ways")
  }
}

/// The entry point.
@_cdecl("FuzzHeaders_main")
public func start(_ count: CInt, _ arguments: Arguments?) -> CInt {
  runFuzzer(count, arguments, fuzz)
}
