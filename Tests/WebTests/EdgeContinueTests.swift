import DatabaseSupport
import Dispatch
import Glibc
import NIOCore
import NIOPosix
import Postgres
import Store
import Synchronization
import Testing
import Web

/// Callers who are gone by the time at which they are told to go on.
@Suite(
  .enabled(if: LeasedDatabase.isAvailable, "skipped: no PostgreSQL"), .timeLimit(.minutes(60)))
struct EdgeContinueTests {
  private static func head(_ token: String) -> String {
    "POST /v1/network HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \(token)\r\n"
      + "Content-Type: application/zip\r\nContent-Length: 10\r\nExpect: 100-continue\r\n\r\n"
  }

  /// The caller resets its connection while the loops have other things to do, so that the edge hears of it
  /// as it writes, in the middle of its own work.
  @Test func whoeverIsGoneWhenToldToGoOnLeavesTheCountOnce() async throws {
    try await TestEdge.with { edge in
      let token = try await edge.service.token(.admin)
      let loops = BusyLoops()
      defer { loops.release() }
      try await edge.service.pool.transaction { db in
        _ = try await db.execute("lock table access_token in access exclusive mode")
        let caller = try #require(BluntCaller(port: edge.port))
        caller.say(Self.head(token))
        try await eventually { edge.server.load.requests == 1 }
        try await loops.hold()
        caller.reset()
      }
      // Who it is was found out meanwhile, and waits for the loop.
      try await Task.sleep(for: .milliseconds(500))
      loops.release()
      try await eventually { edge.server.load.connections <= 0 }
      let next = try await RawConnection(port: edge.port)
      defer { next.close() }
      try await next.write("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
      let answer = try await next.read(until: "\r\n\r\n")
      #expect(answer.hasPrefix("HTTP/1.1 200 "), "\(answer)")
      let load = edge.server.load
      #expect(load.connections == 1 && load.requests == 0 && load.bytes == 0, "\(load)")
    }
  }
}

/// A connection of plain system calls, which need no loop.
private final class BluntCaller: Sendable {
  private let file: Int32

  /// Connects; nil where that fails.
  init?(port: Int) {
    file = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let isConnected = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(file, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard isConnected == 0 else {
      close(file)
      return nil
    }
  }

  func say(_ text: String) {
    let bytes = Array(text.utf8)
    #expect(send(file, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count)
  }

  /// Ends the connection at once, without a farewell.
  func reset() {
    var atOnce = linger(l_onoff: 1, l_linger: 0)
    setsockopt(file, SOL_SOCKET, SO_LINGER, &atOnce, socklen_t(MemoryLayout<linger>.size))
    close(file)
  }
}

/// Keeps all event loops busy, until they are let go.
private final class BusyLoops: Sendable {
  private let loops = Array(MultiThreadedEventLoopGroup.singleton.makeIterator())
  private let end = DispatchSemaphore(value: 0)
  private let heldCount = Atomic(0)
  private let isReleased = Atomic(false)

  /// Returns when all of them are busy.
  func hold() async throws {
    for loop in loops {
      loop.execute { [self] in
        heldCount.add(1, ordering: .relaxed)
        end.wait()
      }
    }
    while heldCount.load(ordering: .relaxed) < loops.count {
      try await Task.sleep(for: .milliseconds(1))
    }
  }

  func release() {
    guard !isReleased.exchange(true, ordering: .relaxed) else { return }
    for _ in loops { end.signal() }
  }
}
