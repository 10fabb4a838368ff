import ServiceClient

/// How fast the machine is at the moment: what one core takes for a fixed piece of work.
///
/// The same program differs by half from hour to hour on a machine that is shared, and the aims were set
/// on another one. A number that was measured in the same minutes says how much of a difference is the
/// machine's.
struct MachineYardstick {
  static let messageBytesCount = 4096
  static let rounds = 5
  static let countOfRound = 200

  private var measuredMicroseconds: [Double] = []

  /// Microseconds of processor time for one signature of Ed25519 over 4 KB that OpenSSL verifies, the mean
  /// of all looks; nil before the first.
  var microseconds: Double? {
    measuredMicroseconds.isEmpty
      ? nil : measuredMicroseconds.reduce(0, +) / Double(measuredMicroseconds.count)
  }

  /// Looks once, a fifth of a second long: the middle of several rounds.
  mutating func look() throws {
    let verify = try SignaturesCommand.ed25519OpenSSL(
      [UInt8](repeating: 7, count: Self.messageBytesCount))
    var rounds: [Double] = []
    for _ in 0..<Self.rounds {
      let start = ProcessorTime.secondsOfThread
      for _ in 0..<Self.countOfRound where !verify() {
        throw ProgramFault("a signature of the yardstick does not verify")
      }
      rounds.append(
        (ProcessorTime.secondsOfThread - start) / Double(Self.countOfRound) * 1e6)
    }
    measuredMicroseconds.append(rounds.sorted()[Self.rounds / 2])
  }
}
