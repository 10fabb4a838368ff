import ArgumentParser
import Basics
import Foundation
import ServiceClient
import SimulatedCity
import Tapping
import Transit

/// Posts a real day of Riga to a running service and shows what became of it.
struct RigaCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "riga",
    abstract: "Posts a real day of Riga, 2018-11-23, to a running service.",
    discussion: """
      The service must have imported gtfs/riga_2019-10.zip of the data folder. Every vehicle has a \
      validator; its taps are numbered in the order of time, posted as signed batches in shuffled \
      order, some twice, some after all others. The positions of vehicle 1603 are posted in the \
      order of their file. Forth is sent as direction 0 and Back as 1: for 75 of the 78 codes that have a line in the \
      feed, the end of direction 0 bears the name of the second half of the validations' route \
      name; for the other 3 the names are written otherwise, and none says the opposite. Exit 1 when a tap is lost, doubled or \
      different.
      """)

  /// `route_id` of the line whose taps have positions.
  static let trackedRoute = "riga_trol_15"
  /// The life of the devices' counters.
  static let epoch: Int64 = 1
  /// Positions in a report.
  static let positionsPerReport = 50

  @OptionGroup var service: ServiceOptions

  @Option(help: "Folder with gtfs/ and riga-2018-11-23/.")
  var data = "../shared/data"

  @Option(help: "Seed of the order of posting.")
  var seed: UInt64 = 1

  @Option(help: "Seconds to wait for the service to work everything off.")
  var settleSeconds = 180

  @Option(help: "Also writes the summary as JSON to a file.")
  var summaryJson: String?

  func run() async throws {
    let world = try RigaWorld(folder: data)
    let summary = try await service.withClient { try await play(world, $0) }
    print(summary.text)
    if let summaryJson { try Edge.write(summary.json, to: summaryJson) }
    guard summary.agrees else { throw ExitCode(1) }
  }

  private func play(_ world: RigaWorld, _ client: ServiceClient) async throws -> RigaSummary {
    let devices = try await Edge.enroll(
      world.vehicles.map { ("V-" + $0.vehicle, $0.vehicle) }, secret: try service.adminToken(),
      with: client
    ).devices
    let clock = ContinuousClock()
    let start = clock.now
    var summary = RigaSummary(seed: seed)
    let fleet = StandingFleet(devices, client: client)
    try await fleet.requireTelling()
    try await postPositions(world, devices, client, &summary)
    try await postTaps(world, devices, fleet, client, &summary)
    try await fleet.requireTelling { index in
      world.vehicles[index].taps.last.map { (epoch: Self.epoch, tap: $0) }
    }
    summary.postedSeconds = (clock.now - start).seconds
    summary.agreement = try await settled(world, devices, client)
    summary.settledSeconds = (clock.now - start).seconds - summary.postedSeconds
    try await ask(world, devices, client, &summary)
    return summary
  }

  private func postPositions(
    _ world: RigaWorld, _ devices: [SignedDevice], _ client: ServiceClient,
    _ summary: inout RigaSummary
  ) async throws {
    let device = devices[world.trackedIndex]
    var bar = ProgressBar("posting positions", total: world.positions.count)
    for start in stride(from: 0, to: world.positions.count, by: Self.positionsPerReport) {
      let part = world.positions[
        start..<min(start + Self.positionsPerReport, world.positions.count)]
      var body = PositionBody(device: device.id, sentAt: Edge.now())
      for position in part {
        body.add(
          at: position.at, vehicle: RigaDay.trackedVehicle, coordinate: position.coordinate,
          speedMetresPerSecond: position.speedMetresPerSecond, isDoorOpen: position.isDoorOpen)
      }
      let answer = try await device.post("/v1/positions", body: body.finished(), with: client)
      let counts = try PositionCounts(answer.body)
      summary.positionsPosted += part.count
      summary.positionsAccepted += counts.accepted
      summary.positionsDuplicate += counts.duplicates
      summary.positionsRejected += counts.rejected
      bar.show(start)
    }
    bar.finish()
  }

  /// Posts in the planned order, one post after the other, so that the order is what the seed says.
  private func postTaps(
    _ world: RigaWorld, _ devices: [SignedDevice], _ fleet: StandingFleet,
    _ client: ServiceClient, _ summary: inout RigaSummary
  ) async throws {
    let plan = RigaPosts.plan(tapCounts: world.vehicles.map(\.taps.count), seed: seed)
    var bar = ProgressBar("posting taps", total: plan.count)
    var bodies: [[Int]: [UInt8]] = [:]
    for (done, post) in plan.enumerated() {
      let device = devices[post.vehicle]
      let key = [post.vehicle, post.taps.lowerBound]
      let body =
        bodies[key]
        ?? TapBatchJSON.encode(
          batch(
            Array(world.vehicles[post.vehicle].taps[post.taps]), of: post.vehicle, device, fleet))
      bodies[key] = body
      let (answer, _) = try await device.postTaps(body: body, with: client)
      summary.count(answer, of: post)
      bar.show(done)
    }
    bar.finish()
  }

  private func batch(
    _ taps: [Tap], of vehicle: Int, _ device: SignedDevice, _ fleet: StandingFleet
  ) -> TapBatch {
    TapBatch(
      device: device.id, epoch: Self.epoch, sentAt: Edge.now(),
      tariffVersion: fleet.tariffVersion(of: vehicle),
      denyListVersion: fleet.denyList(of: vehicle).version(of: taps), taps: taps)
  }

  private func audited(
    _ world: RigaWorld, _ devices: [SignedDevice], _ client: ServiceClient
  ) async throws -> RigaAgreement {
    var agreement = RigaAgreement()
    for (device, vehicle) in zip(devices, world.vehicles) {
      agreement.compare(
        try await Edge.audit(device: device.id, epoch: Self.epoch, with: client), device: device.id,
        taps: vehicle.taps)
    }
    return agreement
  }

  /// Compares until everything is there and nothing changes any more, or time is up.
  private func settled(
    _ world: RigaWorld, _ devices: [SignedDevice], _ client: ServiceClient
  ) async throws -> RigaAgreement {
    let clock = ContinuousClock()
    let end = clock.now + .seconds(settleSeconds)
    ProgressBar.write("comparing tap for tap …\n")
    var last = try await audited(world, devices, client)
    var quiet = 0
    while clock.now < end, quiet < (last.isExact ? 4 : 15) {
      try await Task.sleep(for: .seconds(1))
      let next = try await audited(world, devices, client)
      quiet = next == last ? quiet + 1 : 0
      last = next
    }
    return last
  }

  /// What only the service can tell: stops and load of the tracked line, money, gaps.
  private func ask(
    _ world: RigaWorld, _ devices: [SignedDevice], _ client: ServiceClient,
    _ summary: inout RigaSummary
  ) async throws {
    let tracked = world.vehicles[world.trackedIndex].taps.filter { $0.route == Self.trackedRoute }
    let seqs = Set(tracked.map(\.seq))
    let audit = try await Edge.audit(
      device: devices[world.trackedIndex].id, epoch: Self.epoch, with: client)
    summary.trackedTaps = tracked.count
    summary.trackedPlaced = audit.count { seqs.contains($0.seq) && $0.stop != nil }
    for direction in 0...1 {
      if let load = try await client.routeLoad(
        route: Self.trackedRoute, day: RigaDay.day, direction: direction)
      {
        summary.loads.append((direction, load))
      }
    }
    for (title, path) in [
      ("status", "/v1/status"),
      ("daily report", "/v1/reports/daily?date=\(RigaDay.day)"),
      ("operators", "/v1/reports/operators?date=\(RigaDay.day)"),
      ("trial balance", "/v1/ledger/trial-balance"),
    ] {
      if let json = try await client.json(path) { summary.told.append((title, json)) }
    }
  }
}
