import Basics
import ServiceClient
import SimulatedCity
import Tapping
import Transit

/// What became of the Riga day.
struct RigaSummary {
  let seed: UInt64
  var batches = 0
  var tapsPosted = 0
  var tapsRepeated = 0
  var accepted = 0
  var duplicates = 0
  var conflicts = 0
  var rejected = 0
  var positionsPosted = 0
  var positionsAccepted = 0
  var positionsDuplicate = 0
  var positionsRejected = 0
  var postedSeconds = 0.0
  var settledSeconds = 0.0
  var agreement = RigaAgreement()
  /// Taps of vehicle 1603 on line 15, and those with a stop.
  var trackedTaps = 0
  var trackedPlaced = 0
  /// Direction and load of line 15.
  var loads: [(Int, ToldRouteLoad)] = []
  /// Title and JSON of what else the service tells.
  var told: [(String, String)] = []
  /// Holes at or below what a device was told it may forget, by the last answer of each vehicle.
  private var gaps: [Int: Int] = [:]

  init(seed: UInt64) { self.seed = seed }

  /// Counts an answer; posts go one after the other, so a vehicle's last answer is the newest.
  mutating func count(_ answer: TapBatchAnswer, of post: RigaPost) {
    batches += 1
    tapsPosted += post.taps.count
    tapsRepeated += post.isRepeat ? post.taps.count : 0
    accepted += answer.accepted
    duplicates += answer.duplicates
    conflicts += answer.conflicts.count
    rejected += answer.rejected.count
    gaps[post.vehicle] = answer.missing.reduce(0) { $0 + $1.count }
  }

  /// Numbers that the service still misses.
  var gapsOpen: Int { gaps.values.reduce(0, +) }

  /// Whether everything posted is there once.
  var agrees: Bool {
    agreement.isExact && accepted + duplicates == tapsPosted && conflicts == 0 && rejected == 0
      && gapsOpen == 0
  }

  /// The summary for people.
  var text: String {
    var lines = [
      "Riga \(RigaDay.day), seed \(seed)",
      "  taps              \(agreement.posted) of real riders",
      "  posted            \(tapsPosted) in \(batches) batches, \(tapsRepeated) of them again",
      "  the service said  \(accepted) accepted, \(duplicates) duplicates, "
        + "\(conflicts) conflicts, \(rejected) rejected, \(gapsOpen) numbers missing",
      "  positions         \(positionsPosted) posted: \(positionsAccepted) accepted, "
        + "\(positionsDuplicate) duplicates, \(positionsRejected) rejected",
      "  compared          \(agreement.equal) equal, \(agreement.missing) missing, "
        + "\(agreement.doubled) stored twice, \(agreement.invented) invented, "
        + "\(agreement.different) different",
      "  states            "
        + agreement.states.sorted { $0.key < $1.key }.map {
          "\($0.value) \($0.key.isEmpty ? "not told" : $0.key)"
        }.joined(separator: ", "),
      "  stops             \(agreement.placed) boardings placed, "
        + "\(agreement.alighted) alightings found",
      "  vehicle 1603      \(trackedPlaced) of \(trackedTaps) taps on Tr 15 have a stop",
      "  time              posted in \(tenths(postedSeconds)) s, settled in "
        + "\(tenths(settledSeconds)) s",
    ]
    lines += agreement.examples.map { "  for example       \($0)" }
    for (direction, load) in loads {
      lines.append("Load of \(RigaCommand.trackedRoute), direction \(direction)")
      lines += LoadChart.lines(load)
    }
    for (title, json) in told { lines.append("\(title): \(json.prefix(2000))") }
    lines.append(agrees ? "The service agrees." : "The service DISAGREES.")
    return lines.joined(separator: "\n")
  }

  private func tenths(_ value: Double) -> String {
    let tenths = Int((value * 10).rounded())
    return "\(tenths / 10).\(tenths % 10)"
  }

  /// The summary for programs.
  var json: [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    writer.member("date", RigaDay.day.description)
    writer.member("seed", seed)
    writer.member("agrees", agrees)
    for (name, count) in [
      ("taps", agreement.posted), ("posted", tapsPosted), ("repeated", tapsRepeated),
      ("batches", batches), ("accepted", accepted), ("duplicates", duplicates),
      ("conflicts", conflicts), ("rejected", rejected), ("gaps_open", gapsOpen),
      ("positions_posted", positionsPosted), ("positions_accepted", positionsAccepted),
      ("positions_duplicates", positionsDuplicate), ("positions_rejected", positionsRejected),
      ("equal", agreement.equal), ("missing", agreement.missing),
      ("stored_twice", agreement.doubled), ("invented", agreement.invented),
      ("different", agreement.different), ("boardings_placed", agreement.placed),
      ("alightings_found", agreement.alighted), ("tr15_taps_1603", trackedTaps),
      ("tr15_placed_1603", trackedPlaced),
    ] {
      writer.member(name, count)
    }
    writer.member("posted_seconds", postedSeconds)
    writer.member("settled_seconds", settledSeconds)
    writer.endObject()
    return writer.bytes + [10]
  }
}

/// Draws a load as bars of text.
enum LoadChart {
  private static let barWidth = 30

  /// A line per stop: boardings, alightings, and the load as a bar.
  static func lines(_ load: ToldRouteLoad) -> [String] {
    let most = max(load.stops.compactMap(\.load).max() ?? 0, 1)
    return load.stops.map { stop in
      let name = String((stop.name ?? stop.stop).prefix(28))
      let space = String(repeating: " ", count: 28 - name.count)
      let bar = String(repeating: "█", count: max(0, stop.load ?? 0) * barWidth / most)
      return "  \(name)\(space) +\(count(stop.boardings)) -\(count(stop.alightings)) "
        + "\(count(stop.load)) \(bar)"
    }
  }

  private static func count(_ value: Int?) -> String {
    let text = value.map(String.init) ?? "·"
    return text + String(repeating: " ", count: max(0, 4 - text.count))
  }
}
