import ArgumentParser
import Basics
import Foundation
import Insight
import Intake
import Store
import Tapping

extension DeviceCommand {
  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "show", abstract: "Shows a validator's health, keys, places and whole life.")

    @Argument(help: "Id of the validator.")
    var id: String
    @OptionGroup var database: DatabaseOptions

    func run() async throws {
      let (file, serviceKey) = try await Backbone.with(database) { backbone in
        (
          try await DeviceDesk(store: backbone.store, log: .quiet).file(of: id, at: .now),
          try await backbone.servicePublicKey()
        )
      }
      guard let file else {
        throw CommandFault("There is no device \(id).", exitCode: CommandFault.no)
      }
      print(DeviceFileText.text(of: file, serviceKey: serviceKey))
    }
  }

  struct Silent: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "silent",
      abstract: "Lists validators that are silent though their vehicle moves.")

    @Option(help: "Minutes without a word after which a validator counts as silent.")
    var minutes: Int = Int(InsightDesk.silentSecondsMax / 60)
    @Option(help: "Only those after this one, as the list before it named it.")
    var after: String?
    @OptionGroup var database: DatabaseOptions

    func validate() throws {
      guard (1...1440).contains(minutes) else {
        throw ValidationError("--minutes is a number from 1 to 1440.")
      }
      guard after == nil || place != nil else {
        throw ValidationError("--after is what a list ended with: V-0042/2026-11-22T08:00:00Z.")
      }
    }

    func run() async throws {
      let silent = try await DeviceCommand.insight(database) { desk, _ in
        try await desk.silentDevices(
          at: .now, silentSeconds: Int64(minutes) * 60, after: place)
      }
      var table = TextTable([
        ("device", .left), ("vehicle", .left), ("last contact", .left), ("vehicle seen", .left),
        ("moved", .right),
      ])
      for device in silent {
        table.add([
          device.device, device.vehicle,
          DeviceCommand.text(
            device.lastContactAt, isUnheardReplacement: device.isUnheardReplacement),
          device.vehicleSeenAt.description, "\(Int(device.movedMetres.rounded())) m",
        ])
      }
      let none = after == nil ? "No validator is silent on a moving vehicle." : "No more."
      print(silent.isEmpty ? none : table.text)
      if silent.count >= InsightDesk.silentMax, let last = silent.last {
        print("There may be more: --after \(last.place.pageText)")
      }
    }

    private var place: SilentPlace? { after.flatMap { SilentPlace(pageText: $0) } }
  }

  struct Gaps: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "gaps", abstract: "Lists numbers that validators gave and that never came.")

    @Option(help: "Only of this validator.")
    var device: String?
    @Option(help: "Those closed in so many days, instead of the open ones.")
    var closedDays: Int?
    @Option(help: "Only those after this one, as the list before it named it.")
    var after: String?
    @OptionGroup var database: DatabaseOptions

    func validate() throws {
      if let closedDays, !(1...366).contains(closedDays) {
        throw ValidationError("--closed-days is a number from 1 to 366.")
      }
      guard after == nil || place != nil else {
        throw ValidationError(
          "--after is what a list ended with: V-0042/3/17/2026-11-22T08:00:00Z.")
      }
    }

    func run() async throws {
      let gaps = try await DeviceCommand.insight(database) { desk, _ in
        let now = Instant.now
        return try await desk.agedGaps(
          device: device,
          closedSince: closedDays.map { now.adding(seconds: -Int64($0) * 86_400) }, at: now,
          after: place)
      }
      var table = TextTable([
        ("device", .left), ("epoch", .right), ("first", .right), ("last", .right),
        ("taps", .right), ("known since", .left), ("age", .right), ("closed", .left),
      ])
      for aged in gaps {
        let gap = aged.gap
        table.add([
          gap.device, String(gap.epoch), String(gap.seqs.lowerBound),
          String(gap.seqs.upperBound), String(gap.seqs.count), gap.knownSince.description,
          Self.age(aged.ageSeconds), gap.closedAt?.description ?? "open",
        ])
      }
      let none = after == nil ? "No numbers are missing." : "No more."
      print(gaps.isEmpty ? none : table.text)
      if gaps.count >= FleetQueries.linesMax, let last = gaps.last {
        print("There may be more: --after \(last.gap.place.pageText)")
      }
    }

    private var place: GapPlace? { after.flatMap { GapPlace(pageText: $0) } }

    /// A span in its largest unit.
    static func age(_ seconds: Double) -> String {
      for (size, unit) in [(86_400.0, "d"), (3600, "h"), (60, "min")] where seconds >= size {
        return "\(Int(seconds / size)) \(unit)"
      }
      return "\(Int(seconds)) s"
    }
  }

  struct Conflicts: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "conflicts",
      abstract: "Shows numbers that came with two contents, both side by side.")

    @Option(help: "Only of this validator.")
    var device: String?
    @Option(help: "Most conflicts shown, the newest.")
    var limit: Int = InsightDesk.conflictsMax
    @Option(help: "Only those older than this conflict.")
    var after: Int64?
    @OptionGroup var database: DatabaseOptions

    func validate() throws {
      guard (1...FleetQueries.linesMax).contains(limit) else {
        throw ValidationError("--limit is a number from 1 to \(FleetQueries.linesMax).")
      }
    }

    func run() async throws {
      let conflicts = try await DeviceCommand.insight(database) { desk, backbone in
        try await desk.conflicts(
          device: device, after: after, tokenKey: try await backbone.tokenKey(), limit: limit)
      }
      if conflicts.isEmpty {
        print(after == nil ? "No number came with two contents." : "No more.")
      }
      for conflict in conflicts {
        let row = conflict.row
        print(
          "\(row.name.device) epoch \(row.name.epoch) tap \(row.name.seq), conflict \(row.conflictID)"
        )
        print(
          "  kept  \(row.keptReceivedAt?.description ?? "?")  "
            + (conflict.keptContent ?? "its batch cannot be read") + list(conflict.keptDenyList))
        print(
          "  other \(row.otherReceivedAt)  \(row.otherContent)"
            + (conflict.otherBatchID == nil
              ? "  its batch cannot be read" : list(conflict.otherDenyList)))
      }
      if conflicts.count == limit, let last = conflicts.last {
        print("There may be more: --after \(last.row.conflictID)")
      }
    }

    /// Which deny list the validator used.
    private func list(_ version: Int64?) -> String { version.map { "  deny list \($0)" } ?? "" }
  }

  /// Runs a body on the read models of a database.
  static func insight<Result: Sendable>(
    _ database: DatabaseOptions, _ body: (InsightDesk, Backbone) async throws -> Result
  ) async throws -> Result {
    try await Backbone.with(database) { backbone in
      let city = CityHolder()
      try await city.reload(from: backbone.store)
      return try await body(InsightDesk(store: backbone.store, city: city), backbone)
    }
  }
}

/// A validator's file as text for people.
enum DeviceFileText {
  static func text(of file: DeviceFile, serviceKey: [UInt8]?) -> String {
    (head(file) + ["", "keys"] + keys(file, serviceKey) + ["", "places"] + places(file)
      + ["", "epochs"] + epochs(file) + ["", "clock"] + clock(file) + ["", "deny lists"]
      + denyLists(file) + ["", "life"] + life(file)).joined(separator: "\n")
  }

  private static func head(_ file: DeviceFile) -> [String] {
    let standing = file.standing
    let device = standing.device
    var lines = [
      "device \(device.id): \(device.state.rawValue)",
      "place \(standing.place.map(DeviceCommand.text) ?? "none")",
      "last seen "
        + DeviceCommand.text(
          standing.lastSeenAt, isUnheardReplacement: standing.isUnheardReplacement),
    ]
    if let since = device.replacingSince {
      lines.append("waits for other hardware since \(since)")
    }
    if let since = device.rotationDueSince { lines.append("asked for another key since \(since)") }
    guard let record = standing.heartbeat else { return lines + ["heartbeat never"] }
    let beat = record.beat
    let facts: [(String, String?)] = [
      ("software", beat.software), ("configuration", beat.configuration),
      ("tariff", beat.tariffVersion), ("deny list", beat.denyListVersion.map(String.init)),
      ("last tap", beat.lastTapAt?.description), ("epoch", beat.lastEpoch.map(String.init)),
      ("number", beat.lastSeq.map(String.init)),
      ("battery", beat.batteryPercent.map { "\($0) %" }),
      ("free", beat.freeBytes.map { "\($0 >> 20) MiB" }),
      ("clock by itself", beat.clockOffsetMilliseconds.map { "\($0) ms" }),
      ("behind us", "\(record.offsetMicroseconds / 1000) ms"),
    ]
    lines.append("heartbeat \(record.receivedAt)")
    return lines + facts.compactMap { name, value in value.map { "  \(name) \($0)" } }
  }

  /// Each key by its name, and the whole of it as `evidence verify` takes it.
  private static func keys(_ file: DeviceFile, _ serviceKey: [UInt8]?) -> [String] {
    let own = file.standing.device.keys.flatMap { key in
      let isInUse = key.publicKey == file.standing.device.publicKey
      let end = key.acceptedUntil.map { " until \($0)" } ?? ""
      let epochs =
        key.epochsBefore.map { ", epochs \(key.epochsFrom) to \($0 - 1)" }
        ?? (key.epochsFrom > 0 ? ", epochs from \(key.epochsFrom)" : "")
      let name = EvidenceKey.name(key.publicKey)
      return [
        "  \(name)\(isInUse ? " in use" : "") from \(key.validFrom)" + end + epochs
          + (key.endReason.map { " (\($0))" } ?? ""),
        "    sha256 \(hexText(SHA256Digest.hash(key.publicKey)))",
        "    public key \(Base64.encode(key.publicKey, .standard))",
      ]
    }
    return own + (serviceKey.map { ["  service key \(Base64.encode($0, .standard))"] } ?? [])
  }

  private static func places(_ file: DeviceFile) -> [String] {
    file.assignments.entries.map { entry in
      "  \(DeviceCommand.text(entry.place)) from \(entry.from)"
        + (entry.to.map { " until \($0)" } ?? "")
    }
  }

  private static func epochs(_ file: DeviceFile) -> [String] {
    file.standing.registers.map { register in
      "  \(register.epoch): \(register.tapsStored) taps, \(register.duplicates) repeats, "
        + "\(register.conflicts) conflicts, \(register.quarantined) impossible, last "
        + "\(register.lastReceivedAt)"
    }
  }

  private static func clock(_ file: DeviceFile) -> [String] {
    file.clock.map { offset in
      "  \(offset.microseconds / 1000) ms behind or on the way, "
        + "corrected by \(offset.correctionSeconds) s"
    }
  }

  private static func denyLists(_ file: DeviceFile) -> [String] {
    file.denyLists.map { sighting in
      "  \(sighting.version) at \(sighting.at) (\(sighting.source.rawValue))"
        + (sighting.seconds.map { ", took \(Int($0.rounded())) s" } ?? "")
    }
  }

  private static func life(_ file: DeviceFile) -> [String] {
    file.events.map { event in
      "  \(event.at) \(event.event.rawValue) by \(event.by)"
        + (event.detail.map { ": \($0)" } ?? "") + (event.reason.map { " — \($0)" } ?? "")
    }
  }
}
