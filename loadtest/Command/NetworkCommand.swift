import ArgumentParser
import Basics
import Foundation
import LoadMeasures
import ServiceClient
import Transit

/// Measures how long a GTFS feed takes to be read, and to become the network of a service.
struct NetworkCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "network",
    abstract: "Reads a GTFS feed and imports it, and measures both.",
    discussion: """
      The feed is read in the process itself first, bytes to look-ups (parse_seconds). Then a service \
      with a database of its own is started, and `kvytok network import` is run beside it \
      (import_seconds: from the start of the command to its end). in_force_seconds is from the same \
      start until the service, which reads the feed once more, answers by it.
      """)

  @Argument(help: "The feed, a zip archive.")
  var feed: String

  @Option(help: "The kvytok program to start; the one beside loadtest when left out.")
  var kvytok: String?

  @Flag(help: "Prints one JSON object instead of a table.")
  var json = false

  /// Longest wait until the service has taken up the network.
  private static let inForceSecondsMax = 120.0
  /// Time between two looks at the service, and at how much memory the command has.
  private static let lookPause = Duration.milliseconds(20)

  func run() async throws {
    var report = NetworkReport()
    try parse(into: &report)
    let program = try StartedService.program(kvytok)
    let service = try await StartedService(program: kvytok, roles: "web")
    let client = ServiceClient(base: service.url, adminToken: service.adminToken)
    var fault: (any Error)?
    do {
      try await publish(program, service, client, into: &report)
    } catch {
      fault = error
    }
    try? await client.close()
    await service.stop()
    if let fault { throw fault }
    print(json ? String(decoding: report.json, as: UTF8.self) : report.text)
    guard report.isSound else {
      ProgressBar.write("not sound: see stop_times, imported_stop_times, in_force_seconds\n")
      throw ExitCode(1)
    }
  }

  private func parse(into report: inout NetworkReport) throws {
    let archive = try CityNetwork.archive(feed)
    report.feedBytes = archive.count
    ProgressBar.write("reading \(feed) …\n")
    let clock = ContinuousClock()
    let start = clock.now
    let reading = try CityNetwork.read(archive)
    report.parseSeconds = (clock.now - start).seconds
    report.parsePeakBytes = ProcessorTime.peakBytes(
      of: ProcessInfo.processInfo.processIdentifier)
    report.stopTimes = reading.network.stopTimes.count
    report.trips = reading.network.trips.count
    report.stops = reading.network.stops.count
    report.routes = reading.network.routes.count
    report.faults = reading.faultCount
  }

  private func publish(
    _ program: URL, _ service: StartedService, _ client: ServiceClient,
    into report: inout NetworkReport
  ) async throws {
    let clock = ContinuousClock()
    let start = clock.now
    let (output, peakBytes) = try await runImport(program, data: service.data)
    report.importSeconds = (clock.now - start).seconds
    report.importPeakBytes = peakBytes
    report.importedStopTimes = Self.stopTimes(in: output)
    let today = Day(number: Int(Date().timeIntervalSince1970) / 86_400)
    while (clock.now - start).seconds < report.importSeconds + Self.inForceSecondsMax {
      let routes = try await client.json("/v1/ridership/routes?date=\(today)")
      if let routes, !routes.contains(#""routes":[]"#) {
        report.inForceSeconds = (clock.now - start).seconds
        break
      }
      try await Task.sleep(for: Self.lookPause)
    }
    report.servicePeakBytes = ProcessorTime.peakBytes(of: service.processID)
  }

  /// Runs the command to its end; what it said, and the most memory that it was seen with.
  private func runImport(_ program: URL, data: String) async throws -> (
    output: String, peakBytes: Int?
  ) {
    let process = Process()
    process.executableURL = program
    process.arguments = ["network", "import", feed, "--data", data]
    let output = Pipe()
    process.standardOutput = output
    // Faults and progress go where ours go.
    process.standardError = FileHandle.standardError
    let (ended, end) = AsyncStream.makeStream(of: Int32.self)
    process.terminationHandler = {
      end.yield($0.terminationStatus)
      end.finish()
    }
    try process.run()
    let number = process.processIdentifier
    let watch = Task {
      var peakBytes: Int?
      while !Task.isCancelled {
        // It only grows, so the last look has seen all but what came after it.
        peakBytes = ProcessorTime.peakBytes(of: number) ?? peakBytes
        try? await Task.sleep(for: Self.lookPause)
      }
      return peakBytes
    }
    var status: Int32 = -1
    for await ending in ended { status = ending }
    watch.cancel()
    let peakBytes = await watch.value
    guard status == 0 else { throw ProgramFault("kvytok network import ended with \(status)") }
    let said = output.fileHandleForReading.readDataToEndOfFile()
    return (String(decoding: said, as: UTF8.self), peakBytes)
  }

  /// The number of stop times in the table that the command prints.
  private static func stopTimes(in output: String) -> Int? {
    let line = output.split(separator: "\n").first { $0.hasPrefix("stop times") }
    return line?.split(separator: " ").last.flatMap { Int($0) }
  }
}
