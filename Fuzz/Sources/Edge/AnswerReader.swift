/// Reads what a connection said, as strictly as may be.
struct AnswerReader {
  private static let statuses: Set<String> = ["100", "200", "400", "408", "413", "431", "503"]
  private var rest: ArraySlice<UInt8>

  init(_ bytes: [UInt8]) { rest = bytes[...] }

  /// Every answer is whole, comes in the order of the requests, and once.
  mutating func readAll(requestsCount: Int) {
    var next = 0
    var isLast = false
    while !rest.isEmpty {
      precondition(!isLast, "more is said after the last answer")
      let head = takeHead()
      let status = String(head[0].split(separator: " ", omittingEmptySubsequences: false)[1])
      precondition(Self.statuses.contains(status), "status \(status) is none of the edge's")
      guard status != "100" else { continue }
      isLast = head.contains("connection: close")
      let body = takeBody(head)
      guard status == "200" else { continue }
      // An answer to HEAD has no body, and is one of the requests all the same.
      precondition(body.isEmpty || body == "answer \(next)", "\(body) stands for answer \(next)")
      next += 1
    }
    precondition(next <= requestsCount, "\(next) answers to \(requestsCount) requests")
  }

  func check(requestsCount: Int) {
    var reader = self
    reader.readAll(requestsCount: requestsCount)
  }

  /// The lines of a head.
  private mutating func takeHead() -> [String] {
    var lines: [String] = []
    while true {
      guard let end = rest.firstIndex(of: 13), rest[(end + 1)...].first == 10 else {
        preconditionFailure("an answer is cut off in its head")
      }
      let line = rest[..<end]
      rest = rest[(end + 2)...]
      if line.isEmpty { break }
      precondition(line.allSatisfy { $0 >= 32 && $0 < 127 }, "a line of a head is not text")
      lines.append(String(decoding: line, as: UTF8.self))
    }
    precondition(lines.first?.hasPrefix("HTTP/1.1 ") == true, "no answer of HTTP/1.1")
    return lines
  }

  /// The body that a head tells of; empty where the next answer begins at once.
  private mutating func takeBody(_ head: [String]) -> String {
    let lengths = head.compactMap { line in
      line.hasPrefix("content-length: ") ? Int(line.dropFirst("content-length: ".count)) : nil
    }
    precondition(lengths.count == 1, "an answer tells its length \(lengths.count) times")
    guard !rest.isEmpty, !rest.starts(with: Array("HTTP/1.1 ".utf8)) else { return "" }
    precondition(rest.count >= lengths[0], "an answer is cut off in its body")
    defer { rest = rest.dropFirst(lengths[0]) }
    return String(decoding: rest.prefix(lengths[0]), as: UTF8.self)
  }
}
