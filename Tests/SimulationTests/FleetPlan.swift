import Basics
import Tapping
import Transit

/// What a fleet records, decided by a seed before anything is posted: the truth of a simulation.
struct FleetPlan: Sendable {
  /// One life of a device's counter, on one hardware.
  struct Life: Sendable {
    /// In the order of their numbers; each number once.
    let taps: [Tap]
    /// Other contents under numbers of `taps`: a counter that was set back.
    let contradictions: [Tap]
    /// Numbers below the last that were never recorded: a memory that lost them.
    let lost: [Int64]
    /// Numbers of taps that cannot be: far in the future, or from before the clock was set.
    let impossible: Set<Int64>
  }

  /// What becomes of hardware when other hardware takes its place, with the taps that it still holds.
  enum Fate: CaseIterable, Sendable {
    /// It stays connected and posts on.
    case postsOn
    /// It lies in a workshop until somebody finds and connects it.
    case isFoundLater
    /// Nobody ever sees it again.
    case isLost
    /// A person ends its keys; it goes on trying.
    case keysEnd
    /// Somebody took it: its device is revoked and enrolled again for the next; it goes on trying.
    case isStolen
  }

  /// One machine, with the lives of its counter: one after the other.
  struct Hardware: Sendable {
    let lives: [Life]
    /// How far its clock is ahead, in seconds.
    let clockAheadSeconds: Int64
    /// What becomes of it when the next hardware comes.
    let fate: Fate
  }

  /// A validator with the machines that were in its place, one after the other.
  struct Device: Sendable {
    let id: String
    let hardware: [Hardware]
  }

  static let devicesRange = 2...5
  static let tapsPerLifeRange = 5...60
  /// From the taps of one life to those of the next, in seconds: all lie before the first post.
  private static let lifeSeconds: Int64 = 7000

  let seed: UInt64
  let start: Instant
  let devices: [Device]

  /// Makes the fleet of a seed; names are its own, so that many fleets may share a database.
  init(seed: UInt64, start: Instant) {
    self.seed = seed
    self.start = start
    var chance = SeededGenerator(seed: seed)
    devices = (1...chance.integer(in: Self.devicesRange)).map { number in
      var own = chance.fork()
      let machinesCount = own.chance(0.4) ? own.integer(in: 2...3) : 1
      var livesSoFar: Int64 = 0
      let hardware = (0..<machinesCount).map { _ in
        let ahead = own.chance(0.25) ? Int64(own.integer(in: 1...30)) * 900 : 0
        let lives = (0..<(own.chance(0.3) ? 2 : 1)).map { _ in
          livesSoFar += 1
          let from = start.adding(seconds: livesSoFar * Self.lifeSeconds + ahead)
          return Self.life(from: from, start: start, &own)
        }
        let fate = Fate.allCases[own.integer(in: 0...Fate.allCases.count - 1)]
        return Hardware(lives: lives, clockAheadSeconds: ahead, fate: fate)
      }
      return Device(id: "S\(seed)-\(number)", hardware: hardware)
    }
  }

  private static func life(
    from: Instant, start: Instant, _ chance: inout SeededGenerator
  ) -> Life {
    var taps: [Tap] = []
    var contradictions: [Tap] = []
    var lost: [Int64] = []
    var impossible: Set<Int64> = []
    var seq: Int64 = 0
    for _ in 0..<chance.integer(in: tapsPerLifeRange) {
      seq += 1
      while chance.chance(0.04) {
        lost.append(seq)
        seq += 1
      }
      var tap = tap(seq, at: from.adding(seconds: seq * 7), &chance)
      if chance.chance(0.03) {
        impossible.insert(seq)
        tap.at = chance.chance(0.5) ? start.adding(seconds: 400 * 86_400) : Instant(seconds: 86_400)
      }
      taps.append(tap)
      if chance.chance(0.03), !impossible.contains(seq) {
        var other = tap
        other.riders = tap.riders % 9 + 1
        contradictions.append(other)
      }
    }
    return Life(taps: taps, contradictions: contradictions, lost: lost, impossible: impossible)
  }

  private static func tap(_ seq: Int64, at: Instant, _ chance: inout SeededGenerator) -> Tap {
    Tap(
      seq: seq, at: at, kind: [.on, .off, .single][chance.integer(in: 0...2)],
      medium: [.card, .bank, .phone, .qr][chance.integer(in: 0...3)],
      token: Array("rider \(chance.integer(in: 1...40))".utf8), riders: chance.integer(in: 1...4),
      route: chance.chance(0.8) ? "\(chance.integer(in: 1...30))" : nil,
      direction: chance.chance(0.5) ? chance.integer(in: 0...1) : nil)
  }
}
