package import Basics
package import Tapping
import Transit

/// The taps of a city's days for `loadtest settle`: riders dealt by a seed over vehicles on lines.
package struct SettleTaps: Sendable {
  /// Taps in a batch, as a validator sends them every few minutes.
  package static let tapsPerBatch = 100
  /// Hours of a day in which people ride, from the start of the fare day on.
  private static let hoursOfDay: Int64 = 18

  /// Validators, one on each vehicle.
  package let devices: [String]
  private let riders: Int
  private let routes: [String]
  private let seed: UInt64

  /// Makes the taps of so many riders on vehicles that serve some lines.
  package init(riders: Int, devices: Int, routes: [String], seed: UInt64) {
    precondition(riders > 0 && devices > 0 && !routes.isEmpty, "a city has riders, vehicles, lines")
    self.riders = riders
    self.devices = (1...devices).map { "S-" + String($0) }
    self.routes = routes
    self.seed = seed
  }

  /// A batch as it came: in the order of numbers the devices take turns.
  package struct Arrival: Sendable {
    package let batch: TapBatch
    package let receivedAt: Instant
    package let lateTaps: Int
  }

  /// The n-th batch of a day whose fare day starts at a moment; `batches` of them are spread over it.
  ///
  /// The last `late` taps of a batch were made on the day before at the same time: their validator
  /// sends them now.
  package func batch(
    _ number: Int, of batches: Int, dayStart: Instant, firstSeq: Int64, late: Int
  ) -> Arrival {
    let device = number % devices.count
    let round = Int64(number / devices.count)
    let rounds = Int64((batches + devices.count - 1) / devices.count)
    let window = Self.hoursOfDay * 3_600_000 / rounds
    var generator = SeededGenerator(
      seed: seed ^ stableHash("\(dayStart.seconds) \(number)".utf8))
    let count = Self.tapsPerBatch
    let taps = (0..<count).map { index -> Tap in
      let rider = UInt64(generator.integer(in: 0...riders - 1))
      let at = dayStart.adding(milliseconds: round * window + window * Int64(index) / Int64(count))
      let isLate = index >= count - late
      return Tap(
        seq: firstSeq + Int64(index), at: isLate ? at.adding(seconds: -86_400) : at, kind: .single,
        medium: rider % 3 == 0 ? .bank : .card, token: token(rider), vehicle: devices[device],
        route: routes[device % routes.count], direction: Int(round % 2))
    }
    let receivedAt = dayStart.adding(milliseconds: (round + 1) * window)
    return Arrival(
      batch: TapBatch(device: devices[device], epoch: 1, sentAt: receivedAt, taps: taps),
      receivedAt: receivedAt, lateTaps: late)
  }

  private func token(_ rider: UInt64) -> [UInt8] {
    var generator = SeededGenerator(seed: rider ^ seed)
    var token: [UInt8] = []
    token.reserveCapacity(16)
    for number in [generator.next(), generator.next()] {
      withUnsafeBytes(of: number) { token.append(contentsOf: $0) }
    }
    return token
  }
}
