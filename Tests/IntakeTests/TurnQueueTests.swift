import Basics
import Intake
import Testing

/// Lines of numbered work, and what became of each piece.
private struct Play {
  var queue: TurnQueue<Int>
  var begun: [Int] = []
  var displaced: [Int] = []
  var refused: [Int] = []
  /// Whose work is under way.
  private(set) var running: [String] = []
  private var names: [String] = []
  /// Whose turn is to come, and who had one since.
  private var passed: [String: Set<String>] = [:]
  /// Who had two turns while another waited for one.
  private(set) var unfair: [String] = []

  init(parallelMax: Int, waitingMax: Int) {
    queue = TurnQueue(parallelMax: parallelMax, waitingMax: waitingMax)
  }

  func name(of piece: Int) -> String { names[piece] }
  var count: Int { names.count }

  mutating func enter(_ name: String) {
    let piece = names.count
    names.append(name)
    switch queue.enter(name, piece) {
    case .begins: begin(piece)
    case .waits: wait(name)
    case .displaces(let other):
      displaced.append(other)
      wait(name)
    case .refused: refused.append(piece)
    }
  }

  mutating func leave(_ name: String) {
    running.removeAll { $0 == name }
    if waiting.contains(where: { names[$0] == name }) { wait(name) }
    if let next = queue.leave(name) { begin(next) }
  }

  var waiting: Set<Int> { Set(0..<count).subtracting(begun + displaced + refused) }

  private mutating func wait(_ name: String) {
    if !running.contains(name), passed[name] == nil { passed[name] = [] }
  }

  private mutating func begin(_ piece: Int) {
    let name = names[piece]
    begun.append(piece)
    running.append(name)
    passed[name] = nil
    for other in passed.keys where passed[other]?.insert(name).inserted == false {
      unfair.append(name)
    }
  }

  var begunNames: [String] { begun.map(name(of:)) }
}

struct TurnQueueTests {
  @Test func whatWaitsUnderAnotherNameComesAfterOnePieceOfAFlood() {
    var play = Play(parallelMax: 1, waitingMax: 100)
    for _ in 0..<50 { play.enter("flood") }
    play.enter("B")
    play.enter("C")
    for _ in 0..<4 { play.leave(play.running[0]) }
    #expect(play.begunNames == ["flood", "B", "C", "flood", "flood"])
  }

  @Test func aNameNeverHasAllHands() {
    var play = Play(parallelMax: 2, waitingMax: 100)
    for _ in 0..<50 { play.enter("flood") }
    #expect(play.running == ["flood"])
    play.enter("B")
    #expect(play.running == ["flood", "B"])
  }

  @Test func whatWaitsUnderOneNameKeepsItsOrderWhateverComesAfterIt() {
    var play = Play(parallelMax: 1, waitingMax: 8)
    for _ in 0..<8 { play.enter("A") }
    for _ in 0..<20 {
      play.leave("A")
      play.enter("A")
      play.enter("A")
    }
    #expect(play.begun.prefix(8) == [0, 1, 2, 3, 4, 5, 6, 7])
    #expect(play.begun == play.begun.sorted())
    #expect(play.refused.count == 19)
  }

  @Test func whoHasMoreThanAnEqualPartGivesWay() {
    var play = Play(parallelMax: 1, waitingMax: 4)
    for _ in 0..<6 { play.enter("A") }
    #expect(play.refused == [5])
    play.enter("B")
    #expect(play.displaced == [4])
    play.enter("B")
    #expect(play.displaced == [4, 3])
    // Both have two of four places.
    play.enter("B")
    #expect(play.refused == [5, 8])
    play.enter("C")
    #expect(play.displaced.count == 3)
    #expect(play.queue.waitingCount == 4)
  }

  /// Whatever comes in whatever order: the bounds hold, nothing is lost, no hand is idle while something
  /// could begin, and nobody has two turns while another waits for one.
  @Test(arguments: 1...20 as ClosedRange<UInt64>)
  func everyPieceHasItsTurn(seed: UInt64) {
    var chance = SeededGenerator(seed: seed)
    let parallelMax = chance.integer(in: 1...4)
    let waitingMax = chance.integer(in: 1...12)
    let namesCount = chance.integer(in: 1...8)
    var play = Play(parallelMax: parallelMax, waitingMax: waitingMax)
    for _ in 0..<500 {
      if play.running.isEmpty || chance.chance(0.6) {
        // The first name comes as often as all others together.
        let number = chance.chance(0.5) ? 0 : chance.integer(in: 0...namesCount - 1)
        play.enter("N\(number)")
      } else {
        play.leave(play.running[chance.integer(in: 0...play.running.count - 1)])
      }
      #expect(play.running.count <= parallelMax)
      #expect(Set(play.running).count == play.running.count)
      #expect(play.queue.waitingCount <= waitingMax)
      let waiting = play.waiting
      #expect(waiting.count == play.queue.waitingCount)
      // A free hand, and work under a name of which nothing is under way: that cannot be.
      let startable = Set(waiting.map(play.name(of:))).subtracting(play.running)
      #expect(play.running.count == parallelMax || startable.isEmpty)
    }
    while let name = play.running.first { play.leave(name) }
    #expect(play.queue.waitingCount == 0)
    let ends = play.begun + play.displaced + play.refused
    #expect(ends.sorted() == Array(0..<play.count))
    #expect(play.unfair.isEmpty)
    for name in Set(play.begunNames) {
      let own = play.begun.filter { play.name(of: $0) == name }
      #expect(own == own.sorted(), "\(name) lost its order")
    }
  }
}

struct NoticeBrakeTests {
  @Test func aDeviceIsNamedOnceAMinute() {
    var brake = NoticeBrake()
    let asked: [(String, Int64)] = [("A", 0), ("A", 59), ("B", 59), ("A", 60), ("A", 61)]
    var answers = asked.map { device, second in
      brake.lets(device, at: noon.adding(seconds: second))
    }
    #expect(answers == [true, false, true, true, false])
    // The clock was set back since.
    answers = ["A", "A"].map { brake.lets($0, at: noon) }
    #expect(answers == [true, false])
  }
}
