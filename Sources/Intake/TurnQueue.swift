import Basics

/// Lines of work by name that take turns: however much waits under one name, what waits under another
/// has one piece of it before it.
///
/// Of each name one piece is under way at a time, so that no name has all hands. When there is no more
/// room, whoever waits for more than an equal part of it gives way to one who waits for less.
package struct TurnQueue<Item: Sendable>: Sendable {
  /// What becomes of a piece of work that comes.
  package enum Entry {
    /// It is under way from now on.
    case begins
    case waits
    /// It waits, and another that waited does not any more.
    case displaces(Item)
    /// There is no room.
    case refused
  }

  private struct Line: Sendable {
    var waiting: [Item] = []
    var isRunning = false
  }

  private let parallelMax: Int
  private let waitingMax: Int
  private var lines: [String: Line] = [:]
  /// Names whose turn comes, in their order: something waits, and nothing is under way.
  private var turns: BoundedQueue<String>
  private var runningCount = 0
  /// Names under which something waits.
  private var waitingLinesCount = 0
  /// Pieces that wait under all names.
  package private(set) var waitingCount = 0

  /// Makes empty lines; both limits are above zero.
  package init(parallelMax: Int, waitingMax: Int) {
    precondition(parallelMax > 0 && waitingMax > 0, "work needs hands and room")
    self.parallelMax = parallelMax
    self.waitingMax = waitingMax
    turns = BoundedQueue(countMax: waitingMax)
  }

  /// Takes a piece of work; each that begins is followed by ``leave(_:)`` once.
  package mutating func enter(_ name: String, _ item: Item) -> Entry {
    let isRunning = lines[name]?.isRunning ?? false
    let isFirst = lines[name]?.waiting.isEmpty ?? true
    if !isRunning, isFirst, runningCount < parallelMax {
      lines[name, default: Line()].isRunning = true
      runningCount += 1
      return .begins
    }
    var displaced: Item?
    if waitingCount == waitingMax {
      displaced = displace(for: name)
      guard displaced != nil else { return .refused }
    }
    lines[name, default: Line()].waiting.append(item)
    waitingCount += 1
    if isFirst {
      waitingLinesCount += 1
      if !isRunning, !turns.append(name) { preconditionFailure("more turns than work that waits") }
    }
    return displaced.map { .displaces($0) } ?? .waits
  }

  /// Takes the newest piece out of the longest line, where another name has less than an equal part.
  ///
  /// A line that gives way is longer than one, so none loses its turn.
  private mutating func displace(for name: String) -> Item? {
    let own = lines[name]?.waiting.count ?? 0
    let share = max(1, waitingMax / (own == 0 ? waitingLinesCount + 1 : waitingLinesCount))
    guard own < share,
      let longest = lines.max(by: { $0.value.waiting.count < $1.value.waiting.count }),
      longest.value.waiting.count > share
    else { return nil }
    waitingCount -= 1
    return lines[longest.key]?.waiting.removeLast()
  }

  /// Ends a piece of work; gives the next, which is under way from now on.
  package mutating func leave(_ name: String) -> Item? {
    precondition(lines[name]?.isRunning == true, "work ended that had not begun")
    runningCount -= 1
    if lines[name]?.waiting.isEmpty == true {
      lines[name] = nil
    } else {
      lines[name]?.isRunning = false
      if !turns.append(name) { preconditionFailure("more turns than work that waits") }
    }
    guard let next = turns.popFirst() else { return nil }
    waitingCount -= 1
    runningCount += 1
    lines[next]?.isRunning = true
    let item = lines[next]?.waiting.removeFirst()
    if lines[next]?.waiting.isEmpty == true { waitingLinesCount -= 1 }
    return item
  }
}
