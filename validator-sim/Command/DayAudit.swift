import Basics
import ServiceClient
import SimulatedCity
import Transit

/// Asks the service what it made of a day, and compares.
struct DayAudit {
  /// Devices asked about at the same time.
  static let askingMax = 8
  /// Rounds without a change after which nothing more is expected.
  static let quietRounds = 15

  let bodies: DayBodies
  let client: ServiceClient

  /// Compares again and again until everything agrees, nothing changes any more, or time is up.
  func settled(
    secondsMax: Int, boardingShareMin: Double, alightingShareMin: Double
  ) async throws -> Agreement {
    let clock = ContinuousClock()
    let end = clock.now + .seconds(secondsMax)
    ProgressBar.write("comparing tap for tap …\n")
    var last = try await compared()
    var quiet = 0
    while clock.now < end, quiet < Self.quietRounds {
      // Stops are inferred after taps are stored: wait until they stand still, too.
      if last.isExact, last.boardingShare >= boardingShareMin,
        last.alightingShare >= alightingShareMin, quiet >= 1
      {
        break
      }
      try await Task.sleep(for: .seconds(1))
      let next = try await compared()
      quiet = next == last ? quiet + 1 : 0
      last = next
    }
    return last
  }

  private func compared() async throws -> Agreement {
    let days = bodies.validators.days
    let epoch = bodies.epoch
    let client = client
    let audits = try await withThrowingTaskGroup(of: (Int, [AuditedTap]).self) { group in
      var audits = [[AuditedTap]](repeating: [], count: days.count)
      for (index, day) in days.enumerated() {
        if index >= Self.askingMax, let (device, taps) = try await group.next() {
          audits[device] = taps
        }
        group.addTask {
          (index, try await Edge.audit(device: day.device, epoch: epoch, with: client))
        }
      }
      for try await (device, taps) in group { audits[device] = taps }
      return audits
    }
    var agreement = Agreement()
    for (day, audit) in zip(days, audits) {
      agreement.compare(audit, with: day, of: bodies.validators)
    }
    return agreement
  }

  /// Asks for the load of every route that was ridden, in both directions.
  func loads() async throws -> LoadAgreement {
    let truth = TrueLoad(bodies.validators)
    var agreement = LoadAgreement()
    for (line, stops) in truth.counts.sorted(by: { $0.key < $1.key }) {
      let told = try await client.routeLoad(
        route: line.route, day: bodies.validators.fleet.day, direction: line.direction)
      agreement.compare(
        truth: stops, told: told?.stops.map { ($0.stop, $0.boardings, $0.alightings) })
    }
    return agreement
  }
}
