import ArgumentParser
import Foundation
import LoadMeasures
import ServiceClient

/// What a load of positions is made of.
struct FleetShape: ParsableArguments {
  /// Most positions that the service takes in a report.
  static let batchMax = 1000

  @Option(help: "Vehicles, each with a device of its own.")
  var vehicles = 1000

  @Option(help: "Seconds to measure.")
  var seconds = 20.0

  @Option(help: "Positions per second to offer.")
  var rate = 20_000.0

  @Option(help: "Positions in a report.")
  var batch = 20

  @Option(help: "Connections that post at the same time.")
  var connections = 64

  @Option(
    help: ArgumentHelp(
      "The GTFS feed on whose lines the vehicles drive; the invented city's when left out.",
      valueName: "feed"))
  var feed: String?

  @Option(help: "Longest wait until all positions are matched, in seconds.")
  var secondsMax = 600.0

  @Option(help: "Seed of the fleet.")
  var seed: UInt64 = 1

  @Flag(help: "Prints one JSON object instead of a table.")
  var json = false

  /// Connections that are of use.
  var workers: Int { min(connections, vehicles) }

  func validate() throws {
    guard (1...Self.batchMax).contains(batch) else {
      throw ValidationError("--batch is 1 to \(Self.batchMax)")
    }
    guard vehicles > 0, connections > 0, seconds > 0, rate > 0, secondsMax > 0 else {
      throw ValidationError(
        "--vehicles, --connections, --seconds, --rate and --seconds-max are above zero")
    }
  }
}

/// Measures how many positions the service acknowledges in a second, and how many it matches.
struct PositionsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "positions",
    abstract: "Posts the positions of a fleet and measures acknowledgements and matching.",
    discussion: """
      The vehicles drive a day of the network that is over, a little late now and then, and each device \
      reports it in signed parts: doors at stops, and every 20 to 30 seconds between them, each as fast \
      as --rate asks for. Reports are due at fixed times and latency counts from then (open loop), so that \
      waiting is not left out; encoding and signing happen before. The service matches meanwhile. \
      Afterwards the time is taken until all is matched, and the database is asked which positions lie on \
      the line that the vehicle drove, by the stop visits that the service found (matched_share). \
      A service named by --url has the network already, and is asked for the matching only with \
      --database-url.
      """)

  @OptionGroup var service: ServiceChoice
  @OptionGroup var shape: FleetShape

  func run() async throws {
    // Days of a feed may be long past.
    let subject = try await ServiceUnderTest(
      service, roles: "intake,insight,web", more: ["--tap-age-days", "36500"])
    let isMatching = service.roles.map { $0.contains("insight") } ?? true
    let report: PositionsReport
    do {
      report = try await PositionsMeasurement(
        subject: subject, shape: shape, isMatching: isMatching
      ).run()
      await subject.stop()
    } catch {
      await subject.stop()
      throw error
    }
    print(shape.json ? String(decoding: report.json, as: UTF8.self) : report.text)
    guard report.isSound else {
      ProgressBar.write("not sound: see sent, acknowledged, stored, refused_reports\n")
      throw ExitCode(1)
    }
  }
}
