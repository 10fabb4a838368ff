import Basics
import DatabaseSupport
import Intake
import Postgres
import Store
import Synchronization
import Tapping
import Testing
import Transit
import Web

/// A device that posts on many connections as fast as it is answered, and hears no request to wait.
private final class Flood: Sendable {
  struct Count: Sendable {
    var stored = 0
    var refused = 0
    /// Answers that are neither, or a refusal that does not say when to come back.
    var wrong: [String] = []
  }

  let validator: Validator
  private let state = Mutex((count: Count(), isOver: false))

  init(_ validator: Validator) { self.validator = validator }

  var count: Count { state.withLock { $0.count } }

  /// Posts from now on until ``stop()``; `depth` requests of a connection are sent at once.
  func run(connections: Int, depth: Int, against edge: TestEdge) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for number in 1...connections {
        group.addTask { try await self.run(epoch: Int64(number), depth, edge) }
      }
      try await group.waitForAll()
    }
  }

  func stop() { state.withLock { $0.isOver = true } }

  /// Each connection has an epoch of its own, so that its numbers come in their order.
  private func run(epoch: Int64, _ depth: Int, _ edge: TestEdge) async throws {
    let connection = try await RawConnection(port: edge.port)
    defer { connection.close() }
    var seq: Int64 = 0
    while !state.withLock({ $0.isOver }) {
      let requests = (1...Int64(depth)).map {
        validator.request(seq: seq + $0, epoch: epoch)
      }
      seq += Int64(depth)
      var answers: [String] = []
      repeat {
        try await connection.write(requests.flatMap { $0 })
        answers = try await connection.readAnswers(depth)
        for answer in answers { note(answer) }
        // What was refused is sent again at once; with several at a time the first was not.
      } while depth == 1 && !answers[0].hasPrefix("200") && !state.withLock({ $0.isOver })
    }
  }

  private func note(_ answer: String) {
    state.withLock { state in
      if answer.hasPrefix("200 ") {
        state.count.stored += 1
      } else if answer.hasPrefix("429 "), answer.lowercased().contains("\r\nretry-after: 1\r\n") {
        state.count.refused += 1
      } else {
        state.count.wrong.append(answer)
      }
    }
  }
}

extension Validator {
  /// The bytes of a request with one tap.
  fileprivate func request(seq: Int64, epoch: Int64) -> [UInt8] {
    let tap = Tap(
      seq: seq, at: TestService.now.adding(seconds: -60), kind: .single, medium: .card,
      token: Array("a card".utf8))
    let body = TapBatchJSON.encode(
      TapBatch(device: id, epoch: epoch, sentAt: TestService.now, taps: [tap]))
    return TestEdge.request(body, device: id, keys: keys)
  }
}

extension RawConnection {
  /// So many answers, each from its status on; all of the edge's answers to batches are one object.
  fileprivate func readAnswers(_ count: Int) async throws -> [String] {
    var text = ""
    repeat {
      text += try await read(until: "}", seconds: 600)
    } while text.utf8.count(where: { $0 == UInt8(ascii: "}") }) < count
    return text.split(separator: "HTTP/1.1 ").map(String.init)
  }
}

/// Holds back whatever goes into the journal.
private struct HeldJournal {
  private let release: AsyncStream<Void>.Continuation
  private let holding: Task<Void, any Error>
  /// The newest batch that is stored.
  let lastBatch: Int64

  init(_ pool: PostgresPool) async throws {
    let (released, release) = AsyncStream<Void>.makeStream()
    let (held, hold) = AsyncStream<Int64>.makeStream()
    self.release = release
    holding = Task {
      defer { hold.finish() }
      try await pool.transaction { db in
        _ = try await db.execute("lock table tap_batch in share mode")
        hold.yield(
          try await db.query("select coalesce(max(batch_id), 0) from tap_batch").only().int8(0))
        for await _ in released {}
      }
    }
    var last: Int64?
    for await batch in held {
      last = batch
      break
    }
    if last == nil { try await holding.value }
    lastBatch = try #require(last)
  }

  func letGo() { release.finish() }
}

/// Whatever one device does, the others wait for a bounded number of its batches; nothing here depends
/// on how fast the machine is.
@Suite(
  .enabled(if: LeasedDatabase.isAvailable, "skipped: no PostgreSQL"), .timeLimit(.minutes(60)))
struct FairnessTests {
  private static let othersCount = 8
  private static let rounds = 5

  private static var queue: CommitLimits {
    var queue = CommitLimits()
    queue.groupMax = 4
    // One after the other: of two at a time the system may let one wait while the other commits on.
    queue.parallelMax = 1
    return queue
  }

  /// What of the flood went into the journal before a device's batch that waited at the same time.
  private struct Ahead {
    let device: String
    let batches: Int
    let transactions: Int
  }

  /// Many connections of one device, one request each; and one connection with many requests at once.
  @Test(arguments: [(64, 1), (1, 50)])
  func aDeviceThatFloodsDelaysTheOthersByItsShareAtMost(
    _ connections: Int, _ depth: Int
  ) async throws {
    try await TestEdge.with(queue: Self.queue) { edge in
      let flood = Flood(try await Validator(edge.service, id: "FLOOD"))
      var others: [Validator] = []
      for number in 1...Self.othersCount {
        others.append(try await Validator(edge.service, id: "V-\(number)"))
      }
      let flooding = Task {
        try await flood.run(connections: connections, depth: depth, against: edge)
      }
      for round in 1...Self.rounds {
        let ahead = try await Self.post(round, from: others, beside: flood, connections, edge)
        #expect(ahead.count == others.count)
        let share = min(connections, Self.queue.perDeviceMax)
        // The first group may be a small one. A group is one transaction, or two while a register is
        // not remembered.
        let waiting = share + others.count + Self.queue.groupMax - 1
        let groupsMax = 1 + waiting / Self.queue.groupMax
        for ahead in ahead {
          // Its share waited before, and the group of the batch may hold as much again: which of a group
          // go first says nothing of how long they waited.
          #expect(ahead.batches <= 2 * share, "\(ahead)")
          #expect(ahead.transactions <= 2 * groupsMax, "\(ahead)")
        }
      }
      flood.stop()
      try await flooding.value
      let count = flood.count
      #expect(count.wrong.isEmpty, "\(count.wrong.first ?? "")")
      #expect((count.refused > 0) == (connections > Self.queue.perDeviceMax), "\(count)")
      let stored = try await edge.service.pool.session { db in
        try await db.query("select count(*) from tap_batch where device_id = 'FLOOD'").only().int8(
          0)
      }
      #expect(stored == Int64(count.stored))
    }
  }

  /// Holds the journal until the flood has its share in the queue and each of the others its batch, and
  /// lets go; all of the others are answered 200.
  private static func post(
    _ round: Int, from others: [Validator], beside flood: Flood, _ connections: Int,
    _ edge: TestEdge
  ) async throws -> [Ahead] {
    let journal = try await HeldJournal(edge.service.pool)
    defer { journal.letGo() }
    let intake = edge.service.services.intake
    return try await withThrowingTaskGroup(of: String.self) { group in
      for other in others {
        group.addTask {
          let connection = try await RawConnection(port: edge.port)
          defer { connection.close() }
          try await connection.write(other.request(seq: Int64(round), epoch: 1))
          return try await connection.readAnswers(1)[0]
        }
      }
      let wanted = min(connections, queue.perDeviceMax) + others.count
      while intake.heldCount < wanted { try await Task.sleep(for: .milliseconds(2)) }
      journal.letGo()
      for try await answer in group { #expect(answer.hasPrefix("200 "), "\(answer)") }
      return try await ahead(of: round, since: journal.lastBatch, edge)
    }
  }

  private static func ahead(
    of round: Int, since last: Int64, _ edge: TestEdge
  ) async throws -> [Ahead] {
    try await edge.service.pool.session { db in
      try await db.query(
        """
        select o.device_id, count(f.batch_id), count(distinct f.xmin::text) from tap_batch o
        left join tap_batch f
          on f.device_id = 'FLOOD' and f.batch_id > $1 and f.batch_id < o.batch_id
        where o.device_id <> 'FLOOD' and o.batch_id > $1 group by 1
        """, [.int8(last)]
      ).map {
        Ahead(
          device: try $0.text(0), batches: Int(try $0.int8(1)), transactions: Int(try $0.int8(2)))
      }
    }
  }
}
