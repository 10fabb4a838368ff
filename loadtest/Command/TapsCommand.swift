import ArgumentParser
import Basics
import Foundation
import LoadMeasures
import ServiceClient
import Tapping

extension BatchEncoding: ExpressibleByArgument {}

/// How batches prove who sent them.
enum LoadAuth: String, ExpressibleByArgument, CaseIterable {
  case signature, session
}

/// What every load of batches is made of.
struct LoadShape: ParsableArguments {
  @Option(help: "Taps in a batch.")
  var batch = 100

  @Option(help: "Devices that post.")
  var devices = 2000

  @Option(help: "Connections that post at the same time.")
  var connections = 64

  @Option(help: "Seconds to measure.")
  var seconds = 10.0

  @Option(help: "Taps per second to offer; as many as are acknowledged when left out.")
  var rate: Double?

  @Option(help: "Seed of the taps.")
  var seed: UInt64 = 1

  @Flag(help: "Prints one JSON object instead of a table.")
  var json = false

  /// Connections that are of use.
  var workers: Int { min(connections, devices) }

  func validate() throws {
    guard (1...TapLimits.tapsPerBatchMax).contains(batch) else {
      throw ValidationError("--batch is 1 to \(TapLimits.tapsPerBatchMax)")
    }
    guard devices > 0, connections > 0, seconds > 0, rate.map({ $0 > 0 }) ?? true else {
      throw ValidationError("--devices, --connections, --seconds and --rate are above zero")
    }
  }
}

/// Measures how many taps the service acknowledges in a second.
struct TapsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "taps",
    abstract: "Posts batches from many devices and measures the acknowledgements.",
    discussion: """
      Without --rate each connection posts as soon as its last answer came (closed loop). With it, \
      batches are due at fixed times and latency counts from then (open loop), so that waiting is \
      not left out. Encoding and proving happen before the measured time, which bounds it by memory; \
      with --while-posting they happen as batches are posted, for as long as it takes, and the load \
      generator takes more of the machine. The ceiling is COPY of the same bodies, one row per \
      batch, in transactions as large as the service's own were, into the same database in the same \
      run; there is none with --while-posting, which keeps no bodies.
      """)

  @OptionGroup var service: ServiceChoice
  @OptionGroup var shape: LoadShape

  @Option(help: "How batches are written.")
  var encoding = BatchEncoding.protobuf

  @Option(help: "How batches prove who sent them.")
  var auth = LoadAuth.signature

  @Flag(help: "Packs batches with gzip.")
  var gzip = false

  @Flag(help: "Encodes and proves batches as they are posted: for long runs of the same devices.")
  var whilePosting = false

  @Flag(help: "Leaves out the measurement of COPY.")
  var noCeiling = false

  @Flag(help: "Measures the peer in the same run, on JSON batches as large: see `loadtest peer`.")
  var withPeer = false

  @OptionGroup(title: "The peer") var peer: PeerChoice

  func run() async throws {
    let subject = try await ServiceUnderTest(service)
    do {
      var report = try await TapsMeasurement(
        subject: subject, shape: shape, format: BatchFormat(encoding, isGzipped: gzip),
        auth: auth, isAhead: !whilePosting, hasCeiling: !noCeiling && !whilePosting
      ).run()
      if withPeer {
        report.peerTapsPerSecond = try await peer.measure(shape, beside: subject).tapsPerSecond
      }
      await subject.stop()
      print(shape.json ? String(decoding: report.json, as: UTF8.self) : report.text)
      guard report.isSound else { throw ExitCode(1) }
    } catch {
      await subject.stop()
      throw error
    }
  }
}

/// Processor time used from one moment to another.
struct ProcessorUsage {
  private let server: Int32?
  private let own = ProcessInfo.processInfo.processIdentifier
  private let serverStart: Int64?
  private let databaseStart: Int64?
  private let ownStart: Int64
  private let serverBytesAtStart: Int?

  /// Notes what was used until now.
  init(server: Int32?) {
    self.server = server
    serverStart = server.flatMap { ProcessorTime.microseconds(of: $0) }
    databaseStart = server.map { ProcessorTime.microsecondsOfDescendants(of: $0) }
    ownStart = ProcessorTime.microseconds(of: own) ?? 0
    serverBytesAtStart = server.flatMap { ProcessorTime.residentBytes(of: $0) }
  }

  /// Puts what was used since then into a report, per acknowledged tap.
  func measure(into report: inout TapsReport) {
    let taps = Double(max(report.acknowledged, 1))
    report.clientProcessorMicrosecondsPerTap =
      Double((ProcessorTime.microseconds(of: own) ?? 0) - ownStart) / taps
    guard let server, let serverStart, let databaseStart else { return }
    report.serverBytesAtStart = serverBytesAtStart
    report.serverBytesAtEnd = ProcessorTime.residentBytes(of: server)
    report.serverProcessorMicrosecondsPerTap = ProcessorTime.microseconds(of: server).map {
      Double($0 - serverStart) / taps
    }
    let database = ProcessorTime.microsecondsOfDescendants(of: server)
    if database > 0 {
      report.databaseProcessorMicrosecondsPerTap = Double(database - databaseStart) / taps
    }
  }
}
