import DatabaseSupport
import Testing
import Web

/// What the edge asks of the head of a request before anybody else looks at it.
@Suite(.enabled(if: LeasedDatabase.isAvailable, "skipped: no PostgreSQL"))
struct EdgeHeadTests {
  private static let taps = "POST /v1/tap-batches HTTP/1.1\r\n"

  private static let hostless = [
    ("GET /healthz HTTP/1.1\r\n\r\n", "The field Host is missing"),
    ("\(taps)Content-Length: 0\r\n\r\n", "The field Host is missing"),
    ("\(taps)Host: a\r\nContent-Length: 0\r\nHOST: a\r\n\r\n", "The field Host stands 2 times"),
    ("GET / HTTP/1.0\r\nHost: a\r\nhost: b\r\n\r\n", "The field Host stands 2 times"),
    ("GET / HTTP/1.1\r\nHost: a b\r\n\r\n", "no name of a host"),
    ("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", "no name of a host"),
    ("GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", "no name of a host"),
  ]

  @Test func aRequestWithoutOneGoodHostIsRefused() async throws {
    try await TestEdge.with { edge in
      for (text, words) in Self.hostless {
        // Nothing that follows is answered.
        let answer = try await edge.send(text + "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        let isRefused = answer.hasPrefix("HTTP/1.1 400 ") && answer.contains(words)
        #expect(isRefused, "\(answer) to \(text)")
        #expect(answer.contains("connection: close\r\n"), "\(answer) to \(text)")
        #expect(answer.split(separator: "HTTP/1.1 ").count == 1, "\(answer) to \(text)")
      }
    }
  }

  private static let withHost = [
    "GET /healthz HTTP/1.1\r\nHost: kvytok.example:8443\r\n\r\n",
    "GET /healthz HTTP/1.1\r\nhOST:  [2001:db8::1]:80 \r\n\r\n",
    "GET /healthz HTTP/1.1\r\nHost:\r\n\r\n", "GET /healthz HTTP/1.0\r\n\r\n",
  ]

  @Test func aRequestWithOneHostIsAnswered() async throws {
    try await TestEdge.with { edge in
      for text in Self.withHost {
        let answer = try await edge.send(text, until: "\r\n\r\n")
        #expect(answer.hasPrefix("HTTP/1.1 200 "), "\(answer) to \(text)")
      }
    }
  }

  /// Somebody between may have read another end of it.
  @Test func aRequestOfHTTP10InChunksIsTheLastOfItsConnection() async throws {
    try await TestEdge.with { edge in
      let head = "GET /healthz HTTP/1.0\r\nConnection: keep-alive\r\n"
      for (rest, count) in [("\r\n", 2), ("Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 1)] {
        let answer = try await edge.send(head + rest + "GET /healthz HTTP/1.0\r\n\r\n")
        #expect(answer.split(separator: "HTTP/1.1 200 ").count == count, "\(rest): \(answer)")
      }
    }
  }

  /// It is none of any field, and would be held for as long as a head may take.
  @Test func aHeadOfWhiteSpaceIsTooLargeToo() async throws {
    let limits = TestEdge.patientLimits
    try await TestEdge.with(limits) { edge in
      // Held from the last letter on; the last space is one too many, so that all is read when the answer goes.
      for text in ["GET /", "GET / HTTP/1.1\r\nx:"] {
        let heldBytes = text.hasSuffix("/") ? 1 : 2
        let spaces = String(repeating: " ", count: limits.headHeldBytesMax + 1 - heldBytes)
        let answer = try await edge.send(text + spaces)
        #expect(answer.hasPrefix("HTTP/1.1 431 "), "\(text): \(answer)")
        #expect(answer.contains(#""head_too_large""#), "\(text): \(answer)")
      }
      let few = "GET /healthz HTTP/1.1\r\nHost:" + String(repeating: " ", count: 4000) + "x\r\n\r\n"
      let heard = try await edge.send(few, until: "\r\n\r\n")
      #expect(heard.hasPrefix("HTTP/1.1 200 "), "\(heard)")
    }
  }

  @Test func aBodyWhereNoneIsReadIsRefusedWithWhatToDo() async throws {
    try await TestEdge.with { edge in
      for step in ["suspend", "resume", "revoke", "rotate", "replace"] {
        let head = "POST /v1/devices/V-1/\(step) HTTP/1.1\r\nHost: x\r\n"
        let answer = try await edge.send(
          head + "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}", until: "}")
        let isRefused = answer.hasPrefix("HTTP/1.1 413 ") && answer.contains("body_not_taken")
        #expect(isRefused, "\(step): \(answer)")
        #expect(
          answer.contains("?reason=") && !answer.contains("0 bytes"), "\(step): \(answer)")
        // Without one it is heard, and only the token is missing.
        for end in [
          "\r\n", "Content-Length: 0\r\n\r\n",
          "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        ] {
          let heard = try await edge.send(head + end, until: "}")
          #expect(heard.hasPrefix("HTTP/1.1 401 "), "\(step): \(heard)")
        }
      }
    }
  }
}
