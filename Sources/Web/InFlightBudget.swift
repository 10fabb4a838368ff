import Synchronization

/// What all connections together hold, and what those from one address hold of it.
///
/// Past it the answer is 503, before memory grows. Bytes of a body count when they come: what a head
/// promises is free to promise, and would lock others out. Large bodies have a part of the room only,
/// and answers that nobody takes have room of their own. An address has a share of what the others
/// leave free of anything, so that whoever floods from a few leaves room for the others. All of it is
/// under one lock, which a request takes three times.
package final class InFlightBudget: Sendable {
  /// Where the connections from one address stand in the count.
  package struct Line: Sendable, Equatable {
    fileprivate let index: Int
  }

  /// What becomes of a connection that comes.
  package enum Entry: Equatable {
    case line(Line)
    /// There are too many connections.
    case full
    /// There are too many from its address.
    case fullForAddress
  }

  fileprivate struct Held: Sendable {
    var connections = 0
    var requests = 0
    var bytes = 0
    var largeBytes = 0
    var answerBytes = 0

    var isNothing: Bool { connections == 0 && requests == 0 && answerBytes == 0 }
  }

  /// Whose line it is; a proxy has its own, for others may begin with the same 64 bits as its address.
  fileprivate struct Key: Sendable, Hashable {
    let address: RemoteAddress
    /// A proxy's address stands for many: it has no share of its own.
    var isProxy = false
  }

  fileprivate struct Standing: Sendable {
    let key: Key
    var held = Held()
  }

  fileprivate struct Count: Sendable {
    var all = Held()
    /// What each address holds; a line that holds nothing is free for another address.
    var lines: [Standing] = []
    var free: [Int] = []
    var lineOfKey: [Key: Int] = [:]
  }

  private let limits: EdgeLimits
  private let count = Mutex(Count())

  package init(_ limits: EdgeLimits) { self.limits = limits }

  /// Number of requests and bytes held now.
  var current: (requests: Int, bytes: Int) { count.withLock { ($0.all.requests, $0.all.bytes) } }

  /// Number of bytes of answers held now.
  var answerBytes: Int { count.withLock { $0.all.answerBytes } }

  /// Number of connections now.
  var connectionsCount: Int { count.withLock { $0.all.connections } }

  /// Number of addresses that hold anything now.
  var addressesCount: Int { count.withLock { $0.lineOfKey.count } }

  /// Whether so many connections are held that strangers have to make room.
  var isCrowded: Bool {
    let free = limits.connectionsMax / limits.freeConnectionsPart
    return count.withLock { $0.all.connections > limits.connectionsMax - free }
  }

  /// Whether an address may hold so much of some room of which all, it among them, then hold so much.
  ///
  /// One of a thing is nobody's flood.
  private func isShare(_ standing: Standing, _ own: Int, of room: Int, held: Int) -> Bool {
    standing.key.isProxy || own <= 1 || own <= limits.addressTimesFreeMax * (room - held)
  }

  // MARK: Connections

  /// Counts a connection from an address; each that gets a line is followed by ``leave(_:)`` once.
  package func enter(from address: RemoteAddress, isProxy: Bool = false) -> Entry {
    count.withLock { count in
      guard count.all.connections < limits.connectionsMax else { return .full }
      let key = Key(address: address, isProxy: isProxy)
      let index: Int
      if let known = count.lineOfKey[key] {
        guard
          isShare(
            count.lines[known], count.lines[known].held.connections + 1,
            of: limits.connectionsMax, held: count.all.connections + 1)
        else { return .fullForAddress }
        index = known
      } else {
        index = count.open(key)
      }
      count.all.connections += 1
      count.lines[index].held.connections += 1
      return .line(Line(index: index))
    }
  }

  /// Takes a connection out of the count.
  package func leave(_ line: Line) {
    count.withLock { count in
      count.all.connections -= 1
      count.lines[line.index].held.connections -= 1
      count.closeIfNothing(line.index)
    }
  }

  // MARK: Requests

  /// Counts a request for an address, or for that of its connection; nil when there is no room for it, or
  /// now for the bytes that it promises.
  ///
  /// The request and its bytes are taken out of the count by the line that is given.
  package func enter(
    _ line: Line, for asker: RemoteAddress?, expecting bytes: Int, isLarge: Bool
  ) -> Line? {
    count.withLock { count in
      let key = asker.map { Key(address: $0) }
      let index = key.map { count.lineOfKey[$0] ?? count.open($0) } ?? line.index
      let standing = count.lines[index]
      guard count.all.requests < limits.requestsMax,
        isShare(
          standing, standing.held.requests + 1, of: limits.requestsMax,
          held: count.all.requests + 1),
        hasRoom(count, Line(index: index), for: bytes, isLarge)
      else {
        count.closeIfNothing(index)
        return nil
      }
      count.all.requests += 1
      count.lines[index].held.requests += 1
      return Line(index: index)
    }
  }

  /// Counts bytes of a request that came; false when there is no room.
  func grow(_ line: Line, bytes: Int, isLarge: Bool) -> Bool {
    count.withLock { count in
      guard hasRoom(count, line, for: bytes, isLarge) else { return false }
      count.all.add(bytes, isLarge)
      count.lines[line.index].held.add(bytes, isLarge)
      return true
    }
  }

  /// Takes bytes of a connection that is still there out of the count.
  func shrink(_ line: Line, bytes: Int) {
    count.withLock { count in
      count.all.add(-bytes, false)
      count.lines[line.index].held.add(-bytes, false)
    }
  }

  private func hasRoom(_ count: Count, _ line: Line, for bytes: Int, _ isLarge: Bool) -> Bool {
    let own = count.lines[line.index]
    let all = count.all.bytes + bytes
    return all <= limits.requestBytesMax
      && isShare(own, own.held.bytes + bytes, of: limits.requestBytesMax, held: all)
      && (!isLarge || count.all.largeBytes + bytes <= limits.largeRequestBytesMax)
  }

  /// Takes a request and its bytes out of the count.
  func leave(_ line: Line, bytes: Int, isLarge: Bool) {
    count.withLock { count in
      count.all.requests -= 1
      count.lines[line.index].held.requests -= 1
      count.all.add(-bytes, isLarge)
      count.lines[line.index].held.add(-bytes, isLarge)
      count.closeIfNothing(line.index)
    }
  }

  // MARK: Answers

  /// Counts an answer that the other side does not take at once; false when there is no room.
  func holdAnswer(_ line: Line, bytes: Int) -> Bool {
    count.withLock { count in
      guard count.all.answerBytes + bytes <= limits.answerBytesMax,
        isShare(
          count.lines[line.index], count.lines[line.index].held.answerBytes + bytes,
          of: limits.answerBytesMax, held: count.all.answerBytes + bytes)
      else { return false }
      count.all.answerBytes += bytes
      count.lines[line.index].held.answerBytes += bytes
      return true
    }
  }

  /// Takes such an answer out of the count.
  func leaveAnswer(_ line: Line, bytes: Int) {
    count.withLock { count in
      count.all.answerBytes -= bytes
      count.lines[line.index].held.answerBytes -= bytes
      count.closeIfNothing(line.index)
    }
  }
}

extension InFlightBudget.Held {
  fileprivate mutating func add(_ bytes: Int, _ isLarge: Bool) {
    self.bytes += bytes
    if isLarge { largeBytes += bytes }
  }
}

extension InFlightBudget.Count {
  /// Gives an address a line of its own.
  fileprivate mutating func open(_ key: InFlightBudget.Key) -> Int {
    let index: Int
    let standing = InFlightBudget.Standing(key: key)
    if let reused = free.popLast() {
      index = reused
      lines[index] = standing
    } else {
      index = lines.count
      lines.append(standing)
    }
    lineOfKey[key] = index
    return index
  }

  /// Frees the line of an address that holds nothing any more: a request may outlive its connection.
  fileprivate mutating func closeIfNothing(_ index: Int) {
    guard lines[index].held.isNothing else { return }
    lineOfKey[lines[index].key] = nil
    free.append(index)
  }
}
