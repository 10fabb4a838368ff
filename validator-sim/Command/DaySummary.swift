import Basics
import SimulatedCity
import Tapping
import Transit

/// What a played day came to.
struct DaySummary {
  let seed: UInt64
  let validators: Validators
  let tally: PostTally
  let agreement: Agreement
  let loads: LoadAgreement
  let playedSeconds: Double
  let settledSeconds: Double
  let boardingShareMin: Double
  let alightingShareMin: Double

  /// Whether the service has every tap as it happened, and finds enough of the stops.
  var agrees: Bool {
    tally.isPlausible && agreement.isExact && agreement.boardingShare >= boardingShareMin
      && agreement.alightingShare >= alightingShareMin
  }

  /// The token of a rider with several rides, to look up afterwards.
  var sampleToken: String? {
    let counts = Dictionary(grouping: validators.journeys.rides, by: \.rider).mapValues(\.count)
    let most = counts.max { ($0.value, $1.key) < ($1.value, $0.key) }
    return most.map { Base64.encode(validators.journeys.riders[$0.key].token, .url) }
  }

  /// The route direction that most people rode.
  private var busiestLine: RouteDirection? {
    TrueLoad(validators).counts.max { left, right in
      let counts = [left, right].map { $0.value.values.reduce(0) { $0 + $1.boardings } }
      return (counts[0], right.key) < (counts[1], left.key)
    }?.key
  }

  /// The summary for people.
  var text: String {
    let fleet = validators.fleet
    let wrongClocks = validators.days.count { $0.clockErrorSeconds != 0 }
    let offline = validators.days.count { $0.offline != nil }
    var lines = [
      "Simulated day \(fleet.day), seed \(seed)",
      "  vehicles          \(fleet.vehicles.count), "
        + "\(offline) offline for hours, \(wrongClocks) with a wrong clock",
      "  riders            \(validators.journeys.riders.count)",
      "  taps recorded     \(agreement.recorded)",
      "  taps sent         \(tally.tapsSent) in \(tally.batches) batches, "
        + "\(tally.tapsRepeated) of them again, \(tally.tapsLate) late",
      "  positions sent    \(tally.positionsSent) in \(tally.positionReports) reports",
      "  played in         \(seconds(playedSeconds)), settled in \(seconds(settledSeconds))",
      "The service says",
      "  taps              \(tally.accepted) accepted, \(tally.duplicates) duplicates, "
        + "\(tally.conflicts) conflicts, \(tally.rejected) rejected",
      "  positions         \(tally.positionsAccepted) accepted, "
        + "\(tally.positionsDuplicate) duplicates, \(tally.positionsRejected) rejected",
      "Compared tap for tap",
      "  equal             \(agreement.equal) of \(agreement.recorded)",
      "  missing           \(agreement.missing)",
      "  stored twice      \(agreement.doubled)",
      "  invented          \(agreement.invented)",
      "  not yet read      \(agreement.waiting)",
      "  different         \(agreement.different)",
      "  in quarantine     \(agreement.quarantined)",
      "  boarding stops    \(percent(agreement.boardingShare)) right "
        + "(\(agreement.boardingsRight) of \(agreement.boardingsPlaced) placed)",
      "  alighting stops   \(percent(agreement.alightingShare)) right "
        + "(\(agreement.alightingsRight) of \(agreement.alightingsPlaced) placed)",
      "  route loads       \(loads.lines) lines: boardings \(loads.boardingsTold) told, "
        + "\(loads.boardingsTrue) true, off by \(loads.boardingsOff); "
        + "alightings \(loads.alightingsTold) told, \(loads.alightingsTrue) true, "
        + "off by \(loads.alightingsOff); \(loads.stopsHeldBack) stops held back",
    ]
    lines += agreement.examples.map { "  for example       \($0)" }
    if let sampleToken { lines.append("A rider to look up: \(sampleToken)") }
    if let busiestLine {
      lines.append("The busiest line: \(busiestLine.route), direction \(busiestLine.direction)")
    }
    lines.append(agrees ? "The service agrees." : "The service DISAGREES.")
    return lines.joined(separator: "\n")
  }

  private func percent(_ share: Double) -> String {
    let tenths = Int((share * 1000).rounded())
    return "\(tenths / 10).\(tenths % 10) %"
  }

  private func seconds(_ value: Double) -> String {
    let tenths = Int((value * 10).rounded())
    return "\(tenths / 10).\(tenths % 10) s"
  }

  /// The summary for programs.
  var json: [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    writer.member("date", validators.fleet.day.description)
    writer.member("seed", seed)
    writer.member("agrees", agrees)
    for (name, count) in [
      ("vehicles", validators.fleet.vehicles.count), ("riders", validators.journeys.riders.count),
      ("taps_recorded", agreement.recorded), ("batches", tally.batches),
      ("taps_sent", tally.tapsSent), ("taps_repeated", tally.tapsRepeated),
      ("taps_late", tally.tapsLate), ("accepted", tally.accepted),
      ("duplicates", tally.duplicates), ("conflicts", tally.conflicts),
      ("rejected", tally.rejected), ("retries", tally.retries),
      ("positions_sent", tally.positionsSent), ("positions_accepted", tally.positionsAccepted),
      ("equal", agreement.equal), ("missing", agreement.missing),
      ("stored_twice", agreement.doubled), ("invented", agreement.invented),
      ("waiting", agreement.waiting),
      ("different", agreement.different), ("quarantined", agreement.quarantined),
      ("boardings_placed", agreement.boardingsPlaced),
      ("boardings_right", agreement.boardingsRight),
      ("alightings_placed", agreement.alightingsPlaced),
      ("alightings_right", agreement.alightingsRight), ("load_lines", loads.lines),
      ("load_boardings_true", loads.boardingsTrue), ("load_boardings_told", loads.boardingsTold),
      ("load_boardings_off", loads.boardingsOff),
      ("load_alightings_true", loads.alightingsTrue),
      ("load_alightings_told", loads.alightingsTold),
      ("load_alightings_off", loads.alightingsOff), ("load_stops_held_back", loads.stopsHeldBack),
    ] {
      writer.member(name, count)
    }
    writer.member("played_seconds", playedSeconds)
    writer.member("settled_seconds", settledSeconds)
    if let sampleToken { writer.member("sample_token", sampleToken) }
    if let busiestLine {
      writer.member("busiest_route", busiestLine.route)
      writer.member("busiest_direction", busiestLine.direction)
    }
    writer.endObject()
    return writer.bytes + [10]
  }
}
