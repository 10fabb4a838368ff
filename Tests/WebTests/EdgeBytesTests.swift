import Basics
import DatabaseSupport
import Foundation
import Glibc
import Postgres
import Programs
import Store
import Tapping
import Testing
import Transit
import Web

/// Bytes that are nearly requests: good ones that were cut, doubled, spliced and sprinkled, by a seed.
private struct DamagedRequests {
  /// Pieces that readers of HTTP have stumbled over.
  static let words = [
    "\r\n", "\n", "\r", "\r\n\r\n", " ", "\t", "\0", ":", ": ", ",", ";", "HTTP/1.1", "HTTP/1.0",
    "HTTP/2.0", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "GET ", "POST ", "CONNECT ", "OPTIONS * ",
    "Content-Length: 0\r\n", "Content-Length: 99999999999999999999\r\n", "Content-Length: -1\r\n",
    "Content-Length: 5\r\nContent-Length: 6\r\n", "Transfer-Encoding: chunked\r\n",
    "Transfer-Encoding: identity, chunked\r\n", "0\r\n\r\n", "ffffffffffffffff\r\n",
    "1;a=b\r\nx\r\n",
    "Expect: 100-continue\r\n", "Upgrade: websocket\r\nConnection: Upgrade\r\n",
    "Connection: close\r\n", "Kvytok-Session: ", "Kvytok-Count: 0\r\n", "%00", "%zz", "?", "&", "=",
    "..", "//", "\u{FF}", "Host: a\r\nHost: b\r\n",
  ].map { Array($0.utf8) }

  let good: [[UInt8]]
  private var chance: SeededGenerator

  init(good: [[UInt8]], seed: UInt64) {
    self.good = good
    chance = SeededGenerator(seed: seed)
  }

  mutating func next() -> [UInt8] {
    var bytes = good[chance.integer(in: 0...good.count - 1)]
    for _ in 0..<chance.integer(in: 1...4) { damage(&bytes) }
    // Several on one connection, the next one behind whatever came of the first.
    if chance.chance(0.3) { bytes += good[chance.integer(in: 0...good.count - 1)] }
    return bytes
  }

  private mutating func damage(_ bytes: inout [UInt8]) {
    guard !bytes.isEmpty else { return }
    let place = chance.integer(in: 0...bytes.count - 1)
    let end = min(bytes.count, place + chance.integer(in: 1...40))
    switch chance.integer(in: 0...6) {
    case 0: bytes[place] ^= UInt8(1 << chance.integer(in: 0...7))
    case 1: bytes[place] = UInt8(chance.integer(in: 0...255))
    case 2: bytes.removeSubrange(place..<end)
    case 3: bytes.insert(contentsOf: bytes[place..<end], at: place)
    case 4: bytes.removeLast(bytes.count - place)
    case 5:
      let other = good[chance.integer(in: 0...good.count - 1)]
      bytes = Array(bytes[..<place] + other.suffix(chance.integer(in: 0...other.count)))
    default:
      bytes.insert(
        contentsOf: Self.words[chance.integer(in: 0...Self.words.count - 1)], at: place)
    }
  }
}

/// A connection of plain system calls: says its bytes, then that no more will come, and listens.
private enum BlockingConnection {
  static func exchange(_ bytes: [UInt8], port: Int, pieceBytes: Int = .max) -> [UInt8] {
    guard let file = Loopback.connect(UInt16(port)) else { return [] }
    defer { close(file) }
    var isNoDelay: Int32 = 1
    setsockopt(
      file, Int32(IPPROTO_TCP), TCP_NODELAY, &isNoDelay, socklen_t(MemoryLayout<Int32>.size))
    var rest = bytes[...]
    while !rest.isEmpty {
      let piece = Array(rest.prefix(pieceBytes))
      // Where the other side has ended already, what it said is still there to be read.
      guard send(file, piece, piece.count, Int32(MSG_NOSIGNAL)) == piece.count else { break }
      rest = rest.dropFirst(pieceBytes)
    }
    shutdown(file, Int32(SHUT_WR))
    var answer: [UInt8] = []
    var part = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = recv(file, &part, part.count, 0)
      guard count > 0 else { return answer }
      answer += part[..<count]
    }
  }

  /// The same on a thread of its own, for many.
  static func exchange(
    _ inputs: [[UInt8]], port: Int, pieceBytes: Int = .max
  ) async -> [[UInt8]] {
    await withCheckedContinuation { continuation in
      Thread.detachNewThread {
        continuation.resume(
          returning: inputs.map { exchange($0, port: port, pieceBytes: pieceBytes) })
      }
    }
  }
}

/// The edge under bytes that are nearly requests; `KVYTOK_EDGE_INPUTS` says how many (800).
@Suite(.enabled(if: LeasedDatabase.isAvailable, "skipped: no PostgreSQL"))
struct EdgeBytesTests {
  private static let inputsCount =
    ProcessInfo.processInfo.environment["KVYTOK_EDGE_INPUTS"].flatMap(Int.init) ?? 800
  private static let seed =
    ProcessInfo.processInfo.environment["KVYTOK_SEED"].flatMap(UInt64.init) ?? 1
  private static let inputsAtOnce = 100
  static let question = Array("GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".utf8)

  /// Requests that are as they should be, of every kind that the edge reads by itself.
  private static func good(_ validator: Validator) -> [[UInt8]] {
    let batch = TapBatch(
      device: validator.id, epoch: 1, sentAt: TestService.now,
      taps: [
        Tap(
          seq: 1, at: TestService.now.adding(seconds: -9), kind: .single, medium: .card,
          token: [1, 2, 3])
      ])
    var requests = BatchFormat.allCases.map {
      TestEdge.request(
        TapBatchWire.encode(batch, $0), device: validator.id, keys: validator.keys, format: $0)
    }
    let session =
      "Kvytok-Session: 90919293-9495-9697-9899-9a9b9c9d9e9f\r\nKvytok-Count: 1\r\n"
      + "Kvytok-Chain: \(Base64.encode([UInt8](repeating: 1, count: 32), .standard))\r\n"
      + "Kvytok-Mac: \(Base64.encode([UInt8](repeating: 2, count: 32), .standard))\r\n"
    requests += [
      "POST /v1/tap-batches HTTP/1.1\r\nHost: x\r\n\(session)Content-Length: 2\r\n\r\n{}",
      "POST /v1/tap-batches HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        + "2\r\n{}\r\n0\r\n\r\n",
      "POST /v1/sessions HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
      "GET /v1/riders/abc/rides?from=2026-11-01&to=2026-11-02 HTTP/1.1\r\nHost: x\r\n"
        + "Authorization: Bearer abc\r\nCookie: kvytok=abc; a=b\r\n\r\n",
      "HEAD / HTTP/1.0\r\n\r\n",
      "GET /v1/reports/daily?date=2026-11-01 HTTP/1.1\r\nHost: x\r\nAccept: text/csv;q=0.5\r\n\r\n",
    ].map { Array($0.utf8) }
    return requests + [question]
  }

  /// Expects an answer to be one of HTTP and no fault of the service; its first line.
  @discardableResult
  private static func expectWell(_ answer: [UInt8], to input: [UInt8]) -> String {
    let line = String(decoding: answer.prefix { $0 != 0x0D }, as: UTF8.self)
    let isWell =
      line.hasPrefix("HTTP/1.1 ") && !line.hasPrefix("HTTP/1.1 500")
      && answer.firstRange(of: [13, 10, 13, 10]) != nil
    #expect(isWell, "\(line) to \(String(decoding: input, as: UTF8.self))")
    return line
  }

  private static func expectHealthy(_ edge: TestEdge) async throws {
    let healthy = try await edge.send(
      String(decoding: question, as: UTF8.self), until: "\r\n\r\n")
    #expect(healthy.hasPrefix("HTTP/1.1 200"), "\(healthy)")
  }

  /// What the edge's fuzzer begins with, and what once broke something: such an input goes into
  /// `Fuzz/Seeds/edge`.
  ///
  /// The first byte of each tells the fuzzer how the caller behaves, and is not said.
  @Test func theInputsOfTheFuzzerBreakNothing() async throws {
    let folder = URL(fileURLWithPath: #filePath)
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("Fuzz/Seeds/edge")
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
    let inputs = try names.map { name in
      Array(try Data(contentsOf: folder.appendingPathComponent(name)).dropFirst())
    }
    #expect(inputs.count >= 8)
    try await TestEdge.with { edge in
      for pieceBytes in [1, 7, Int.max] {
        let answers = await BlockingConnection.exchange(
          inputs, port: edge.port, pieceBytes: pieceBytes)
        for (input, answer) in zip(inputs, answers) where !answer.isEmpty {
          Self.expectWell(answer, to: input)
        }
        try await Self.expectHealthy(edge)
      }
      // What a connection asked for is let go of when it was worked on, which may be after it was cut.
      try await eventually {
        let load = edge.server.load
        return load.connections == 0 && load.requests == 0 && load.bytes == 0
      }
      let taken = try await edge.service.pool.session { db in
        try await db.query("select count(*) from device_epoch").only().int8(0)
      }
      #expect(taken == 0)
    }
  }

  @Test func nothingThatIsNearlyARequestBreaksTheEdge() async throws {
    try await TestEdge.with { edge in
      let validator = try await Validator(edge.service)
      var damaged = DamagedRequests(good: Self.good(validator), seed: Self.seed)
      var statuses: [String: Int] = [:]
      for _ in 0..<max(1, Self.inputsCount / Self.inputsAtOnce) {
        let inputs = (0..<Self.inputsAtOnce).map { _ in damaged.next() }
        let answers = await BlockingConnection.exchange(inputs, port: edge.port)
        for (input, answer) in zip(inputs, answers) where !answer.isEmpty {
          statuses[Self.expectWell(answer, to: input), default: 0] += 1
        }
        try await Self.expectHealthy(edge)
      }
      #expect(statuses.keys.contains { $0.hasPrefix("HTTP/1.1 4") }, "\(statuses)")
      // Whatever was begun is given back, and nothing but what the device signed was taken.
      try await eventually { edge.server.load.requests == 0 && edge.server.load.connections == 0 }
      #expect(edge.server.load.bytes == 0)
      let foreign = try await edge.service.pool.session { db in
        try await db.query(
          "select count(*) from device_epoch where seen <> '{[1,2)}' or device_id <> $1",
          [.text(validator.id)]
        ).only().int8(0)
      }
      #expect(foreign == 0)
    }
  }
}
