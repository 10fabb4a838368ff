import ArgumentParser
import Basics
import Foundation
import LoadMeasures
import ServiceClient
import Tariff

/// Measures how many taps a tariff rates in a second on one core.
struct TariffCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tariff",
    abstract: "Rates invented riders' days by a tariff and measures the engine.",
    discussion: """
      Needs no service. taps_per_second is the fold itself, state in memory and texts looked up \
      before; whole_taps_per_second also looks up the texts of each tap, sorts the day, and writes \
      the state and the reason of each ride, as the service does. Both are per second of processor \
      time; cpu_share says how much of the time by the clock that was.
      """)

  @Option(help: ArgumentHelp("The tariff's folder.", valueName: "folder"))
  var tariff: String

  @Option(help: "Riders made up.")
  var riders = 4000

  @Option(help: "Fare days of each.")
  var days = 5

  @Option(help: "Rides of each on a day.")
  var rides = 4

  @Option(help: "Processor seconds to measure.")
  var seconds = 3.0

  @Option(help: "Seed of the riders.")
  var seed: UInt64 = 7

  @Flag(help: "Prints one JSON object instead of a table.")
  var json = false

  func validate() throws {
    guard (1...1_000_000).contains(riders), (1...1000).contains(days),
      (1...1000).contains(rides), seconds > 0
    else { throw ValidationError("--riders, --days, --rides and --seconds are above zero") }
  }

  func run() async throws {
    let version = try newestVersion()
    ProgressBar.write("making up \(riders) riders …\n")
    var benchmark = TariffBenchmark(
      version, riders: riders, days: days, ridesPerDay: rides, seed: seed)
    var report = TariffReport()
    report.version = version.version
    report.riders = riders
    report.days = days
    report.bytesPerRiderState = benchmark.bytesPerState()
    ProgressBar.write("rating for \(seconds) s …\n")
    let clock = ContinuousClock()
    let start = clock.now
    let processorStart = ProcessorTime.secondsOfThread
    repeat {
      let run = benchmark.run()
      report.taps += run.taps
      report.rides += run.rides
      report.processorSeconds = ProcessorTime.secondsOfThread - processorStart
    } while report.processorSeconds < seconds
    let elapsed = (clock.now - start).components
    report.seconds = Double(elapsed.seconds) + Double(elapsed.attoseconds) / 1e18
    report.wholeTapsPerSecond = wholeTapsPerSecond(version)
    print(json ? String(decoding: report.json, as: UTF8.self) : report.text)
  }

  /// The engine as the service calls it: facts in, rides with written reasons and a state out.
  private func wholeTapsPerSecond(_ version: CompiledTariff) -> Double {
    let days = TariffBenchmark.riderDays(
      version, riders: min(riders, 1000), days: days, ridesPerDay: rides, seed: seed)
    let start = ProcessorTime.secondsOfThread
    var taps = 0
    var bytes = 0
    for rider in days {
      var kept: [UInt8] = []
      for (day, facts) in rider {
        let rated = version.rate(
          day: day, state: RiderState(bytes: kept) ?? .empty, taps: facts)
        kept = rated.state.bytes
        for ride in rated.rides { bytes += ride.reason.json.utf8.count }
        taps += facts.count
      }
    }
    precondition(bytes > 0, "rides have reasons")
    return Double(taps) / max(ProcessorTime.secondsOfThread - start, 1e-9)
  }

  private func newestVersion() throws -> CompiledTariff {
    let folder = URL(fileURLWithPath: tariff).standardizedFileURL
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    var files: [TariffFile] = []
    for name in names.sorted() where name.hasSuffix(".yaml") || name.hasSuffix(".csv") {
      let text = try String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8)
      files.append(TariffFile(path: name, text: text))
    }
    let reading = TariffSource(folder: folder.lastPathComponent, files: files).load()
    guard let version = reading.book?.versions.last else {
      for fault in reading.faults { ProgressBar.write("\(tariff)/\(fault)\n") }
      throw ValidationError("\(tariff) is no tariff; `kvytok tariff check` says why")
    }
    return version
  }
}
