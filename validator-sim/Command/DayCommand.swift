import ArgumentParser
import Basics
import Foundation
import ServiceClient
import SimulatedCity
import Tapping
import Transit

/// Plays a day of a feed against a running service and compares what it says with what happened.
struct DayCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "day",
    abstract: "Plays a day of riders, vehicles and validators against a running service.",
    discussion: """
      The service must have imported the same feed. The day lies in the past and is played as fast \
      as the service answers: each validator behaves as if it had kept its taps until now. It takes \
      the deny list in before its first tap, asks for what is newer after the last, and tells how it \
      is both times; a tap of the past is posted as it was recorded, whoever is on the list. At the \
      end every tap is compared with what the service says; exit 1 when they differ.
      """)

  @OptionGroup var service: ServiceOptions

  @Option(help: "The GTFS archive that the service has imported.")
  var feed: String

  @Option(help: "Service day, as 2026-11-21; the last that is wholly over when left out.")
  var date: String?

  @Option(help: "Seed of everything that happens by chance.")
  var seed: UInt64 = 1

  @Option(help: "Number of riders.")
  var riders = 3000

  @Option(help: "Most vehicles; routes past them are left out, from the end of the feed's list.")
  var vehiclesMax = 200

  @Option(help: "Share of validators without a connection for some hours, 0 to 1.")
  var offlineRate = 0.2

  @Option(help: "Share of batches and reports sent again, 0 to 1.")
  var repeatRate = 0.1

  @Option(help: "Share of validators with a wrong clock, 0 to 1.")
  var clockErrorRate = 0.05

  @Option(
    help: "Share of the validators that are always online which post in sessions, 0 to 1.")
  var sessionRate = 0.5

  @Option(help: "Seconds to wait for the service to work everything off.")
  var settleSeconds = 180

  @Option(help: "Least share of boardings whose stop the service has to find, 0 to 1.")
  var boardingShareMin = 0.9

  @Option(help: "Least share of alightings whose stop the service has to find, 0 to 1.")
  var alightingShareMin = 0.5

  @Option(
    help: "How batches are written: json, protobuf, json+gzip, protobuf+gzip, or mixed.")
  var format = FormatChoice.json

  @Option(help: "Also writes the summary as JSON to a file.")
  var summaryJson: String?

  func validate() throws {
    for (name, rate) in [
      ("offline-rate", offlineRate), ("repeat-rate", repeatRate),
      ("clock-error-rate", clockErrorRate), ("session-rate", sessionRate),
      ("boarding-share-min", boardingShareMin),
      ("alighting-share-min", alightingShareMin),
    ] where !(0...1).contains(rate) {
      throw ValidationError("--\(name) is \(rate); give a share from 0 to 1")
    }
    guard riders >= 0, vehiclesMax > 0 else {
      throw ValidationError("--riders and --vehicles-max cannot be below zero")
    }
  }

  func run() async throws {
    let network = try Edge.network(feed)
    let day = try serviceDay(network)
    guard let fleet = Fleet(network: network, day: day, seed: seed, vehiclesMax: vehiclesMax)
    else { throw ProgramFault("\(feed): unknown time zone \(network.timeZoneName)") }
    guard !fleet.vehicles.isEmpty else {
      throw ProgramFault("\(feed) has no trips on \(day); give another --date")
    }
    let mishaps = Mishaps(
      offlineRate: offlineRate, repeatRate: repeatRate, clockErrorRate: clockErrorRate)
    let journeys = Journeys(fleet: fleet, riderCount: riders, seed: seed)
    let validators = Validators(fleet: fleet, journeys: journeys, mishaps: mishaps, seed: seed)
    let plan = Deliveries.plan(validators, mishaps: mishaps, seed: seed)
    ProgressBar.write(
      "\(day): \(fleet.vehicles.count) vehicles, \(riders) riders, \(journeys.rides.count) taps, "
        + "\(plan.count) posts\n")

    let summary = try await service.withClient { try await play(plan, validators, $0) }
    print(summary.text)
    if let summaryJson { try Edge.write(summary.json, to: summaryJson) }
    guard summary.agrees else { throw ExitCode(1) }
  }

  private func play(
    _ plan: [Delivery], _ validators: Validators, _ client: ServiceClient
  ) async throws -> DaySummary {
    let (devices, servicePublicKey) = try await Edge.enroll(
      validators.days.map { ($0.device, $0.vehicle) }, since: validators.fleet.zero,
      secret: try service.adminToken(), with: client)
    let bodies = DayBodies(validators: validators, seed: seed)
    let fleet = StandingFleet(
      devices, clockErrorSeconds: validators.days.map(\.clockErrorSeconds), client: client)
    // The list and the tariff that every tap of the day is made with.
    try await fleet.requireTelling()
    let clock = ContinuousClock()
    let start = clock.now
    let player = DayPlayer(
      bodies: bodies, devices: devices, client: client, fleet: fleet,
      formats: format.formats, now: Edge.now,
      online: servicePublicKey.map {
        OnlineLines(
          devices: devices, isOnline: onlineShare(of: validators), servicePublicKey: $0,
          seed: seed, client: client)
      })
    let tally = try await player.play(plan)
    if let counts = player.online?.counts {
      ProgressBar.write(
        "\(counts.requests) requests in \(counts.sessions) sessions, \(counts.checkpoints) signed"
          + " checkpoints\n")
    }
    try await fleet.requireTelling { bodies.newestTap(of: validators.days[$0]) }
    let played = clock.now - start
    let audit = DayAudit(bodies: bodies, client: client)
    let agreement = try await audit.settled(
      secondsMax: settleSeconds, boardingShareMin: boardingShareMin,
      alightingShareMin: alightingShareMin)
    return DaySummary(
      seed: seed, validators: validators, tally: tally, agreement: agreement,
      loads: try await audit.loads(), playedSeconds: played.seconds,
      settledSeconds: (clock.now - start - played).seconds, boardingShareMin: boardingShareMin,
      alightingShareMin: alightingShareMin)
  }

  /// Which validators post in sessions: a share of those that are never offline.
  private func onlineShare(of validators: Validators) -> [Bool] {
    var chance = SeededGenerator(seed: seed ^ stableHash("online".utf8))
    return validators.days.map { $0.offline == nil && chance.chance(sessionRate) }
  }

  private func serviceDay(_ network: Network) throws -> Day {
    guard let date else {
      guard let zone = TimeZoneTable(name: network.timeZoneName) else { return Edge.now().day }
      return Fleet.lastWholeDay(at: Edge.now(), in: zone)
    }
    guard let day = Day(date) else {
      throw ProgramFault.usage("--date \(date) is no date; write it as 2026-11-21")
    }
    guard day < Edge.now().day else {
      throw ProgramFault.usage("--date \(date) is not over; the day has to lie in the past")
    }
    return day
  }
}

extension Instant {
  /// The date in UTC.
  var day: Day { Day(number: Int(floorDivide(seconds, 86_400))) }
}

extension Duration {
  /// The duration in seconds, with a fraction.
  var seconds: Double {
    Double(components.seconds) + Double(components.attoseconds) / 1e18
  }
}
