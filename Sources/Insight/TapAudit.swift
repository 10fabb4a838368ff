package import Basics
package import Store
import Tapping
import Transit

/// How far the audit of a device's numbers finds a tap; ``TapState`` of Store goes on to the bank.
package enum AuditedTapState: String, Sendable, CaseIterable {
  /// In the journal, not sorted yet.
  case journalled
  /// In a batch that the sorter could not read.
  case setAside = "set_aside"
  /// Kept apart as impossible.
  case quarantined
  /// Impossible, and let through by a person; it waits for the sorter.
  case released
  /// Impossible, and turned down by a person.
  case discarded
  /// At its rider, whose fares are not worked out with it yet.
  case sorted
  /// In the fares.
  case rated
}

/// What the service knows about one tap.
package struct TapTrace: Sendable, Equatable {
  package let seq: Int64
  /// Corrected by the clock rule; as the device said where it is not sorted; nil where the tap
  /// cannot be read.
  package let at: Instant?
  package let state: AuditedTapState
  /// Other contents that came under the number; they are kept apart.
  package var conflicts = 0
  /// Why it is in quarantine or set aside.
  package var fault: String?
  package var medium: String?
  package var riders: Int?
  /// As the tap said, like route and direction.
  package var vehicle: String?
  package var route: String?
  package var direction: Int?
  /// Of the deny list that the validator used; nil where its batch names none, and in quarantine.
  package var denyListVersion: Int64?
  /// Whether its medium was on that list; nil where it is not known.
  package var wasListed: Bool?
  /// Where the rider boarded, as far as that is worked out.
  package var boarding: PlacedRide.Place?
  /// Where the rider got off, as far as that is worked out.
  package var alighting: PlacedRide.Place?
  /// What its ride costs, minor units.
  package var chargedMinor: Int64?
  package var currency: String?
  /// The rider's day of a tap off that is rated and ended no ride; nil for every other tap.
  package var dayWithoutRide: RiderDay?
  /// Why it ended no ride, in a word of the tariff's.
  package var noRide: String?
}

/// Some taps of a device in the order of their numbers.
package struct TapAuditPage: Sendable, Equatable {
  package var taps: [TapTrace]
  /// The number after which the next page begins; nil when this is the last page.
  package let next: Int64?

  /// One JSON object a line (`application/x-ndjson`).
  package var lines: [UInt8] {
    var bytes: [UInt8] = []
    for tap in taps { bytes += tap.json + [10] }
    return bytes
  }
}

extension InsightDesk {
  /// What became of the taps of a device after a number; at most ``TapAuditTables/tapsMax``.
  package func tapAudit(
    device: String, epoch: Int64, after seq: Int64 = -1, limit: Int = TapAuditTables.tapsMax
  ) async throws -> TapAuditPage {
    let limit = min(max(limit, 1), TapAuditTables.tapsMax)
    return try await store.read { db in
      let tables = db.tapAudit
      let unsorted = try await tables.unsorted(
        device: device, epoch: epoch, after: seq, countMax: limit + 1)
      let bodies = try await tables.bodies(
        device: device, batches: Set(unsorted.map(\.batchID)))
      var taps = Self.traces(of: unsorted, batches: bodies)
      taps += try await tables.quarantined(
        device: device, epoch: epoch, after: seq, countMax: limit + 1
      ).map(TapTrace.init(quarantined:))
      taps += try await tables.sorted(
        device: device, epoch: epoch, after: seq, countMax: limit + 1
      ).map(TapTrace.init(sorted:))
      // A number in two of the lists would be a fault, and both of its lines are shown.
      taps.sort { $0.seq < $1.seq }
      guard taps.count > limit else { return TapAuditPage(taps: taps, next: nil) }
      return TapAuditPage(taps: Array(taps.prefix(limit)), next: taps[limit - 1].seq)
    }
  }

  /// Taps in batches that are not sorted, read from the signed bytes.
  private static func traces(
    of rows: [UnsortedTapRow],
    batches: [Int64: StoredBody]
  ) -> [TapTrace] {
    var read: [Int64: [Int64: Tap]] = [:]
    var versions: [Int64: Int64] = [:]
    for (id, body) in batches {
      let batch = try? body.decode()
      read[id] = Dictionary((batch?.taps ?? []).map { ($0.seq, $0) }) { first, _ in first }
      versions[id] = batch?.denyListVersion
    }
    return rows.map { row in
      let tap = read[row.batchID]?[row.seq]
      var trace = TapTrace(
        seq: row.seq, at: tap?.at,
        state: row.fault == nil ? .journalled : .setAside)
      trace.fault = row.fault
      trace.medium = tap?.medium.rawValue
      trace.riders = tap?.riders
      trace.vehicle = tap?.vehicle
      trace.route = tap?.route
      trace.direction = tap?.direction
      trace.denyListVersion = versions[row.batchID]
      return trace
    }
  }
}

extension AuditedTapState {
  fileprivate init(_ state: QuarantineState) {
    self =
      switch state {
      case .held: .quarantined
      case .released: .released
      case .discarded: .discarded
      }
  }
}

extension TapTrace {
  init(seq: Int64, at: Instant?, state: AuditedTapState) {
    self.seq = seq
    self.at = at
    self.state = state
  }

  fileprivate init(sorted row: AuditedTapRow) {
    self.init(seq: row.tap.name.seq, at: row.tap.at, state: row.isRated ? .rated : .sorted)
    conflicts = row.conflicts
    medium = row.tap.mediumKind.rawValue
    riders = row.tap.riders
    vehicle = row.tap.vehicle
    route = row.tap.route
    direction = row.tap.direction
    denyListVersion = row.tap.denyListVersion
    wasListed = row.wasListed
    boarding = row.boarding
    alighting = row.alighting
    chargedMinor = row.chargedMinor
    currency = row.currency
    if row.endsNoRide, row.isRated {
      dayWithoutRide = RiderDay(rider: row.tap.rider, fareDay: row.tap.fareDay)
    }
  }

  fileprivate init(quarantined row: QuarantinedRow) {
    let content = QuarantinedContent(Array(row.content.utf8))
    self.init(
      seq: row.seq, at: content.at, state: AuditedTapState(row.state))
    fault = row.code
    medium = content.medium
    riders = content.riders
    vehicle = content.vehicle
    route = content.route
    direction = content.direction
  }

  /// The tap as one JSON object.
  package var json: [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    writer.member("seq", seq)
    writer.key("at")
    if let at { writer.value(at.description) } else { writer.null() }
    writer.member("state", state.rawValue)
    if conflicts > 0 { writer.member("conflicts", conflicts) }
    if let fault { writer.member("fault", fault) }
    if let medium { writer.member("medium", medium) }
    if let riders { writer.member("riders", riders) }
    if let vehicle { writer.member("vehicle", vehicle) }
    if let route { writer.member("route", route) }
    if let direction { writer.member("direction", direction) }
    if let denyListVersion { writer.member("deny_list_version", denyListVersion) }
    if let wasListed { writer.member("was_listed", wasListed) }
    for (prefix, place) in [("", boarding), ("off_", alighting)] {
      guard let place else { continue }
      if let stop = place.stop { writer.member(prefix + "stop", stop) }
      writer.member(prefix + "source", place.source)
      if let confidence = place.confidence { writer.member(prefix + "confidence", confidence) }
    }
    if let chargedMinor { writer.member("charged_minor", chargedMinor) }
    if let currency { writer.member("currency", currency) }
    if dayWithoutRide != nil { writer.member("no_ride", noRide ?? "no_tariff") }
    writer.endObject()
    return writer.bytes
  }
}

/// What Intake wrote down of an impossible tap; what cannot be read is nil.
private struct QuarantinedContent {
  var at: Instant?
  var medium: String?
  var riders: Int?
  var vehicle: String?
  var route: String?
  var direction: Int?

  init(_ json: [UInt8]) {
    var reader = JSONReader(json)
    try? read(&reader)
  }

  private mutating func read(_ reader: inout JSONReader) throws(JSONFault) {
    try reader.beginObject()
    while let key = try reader.nextKey() {
      switch key {
      case "at": at = Instant(iso8601: try reader.string())
      case "medium": medium = try reader.stringOrNil()
      case "riders": riders = try reader.int64OrNil().map { Int($0) }
      case "vehicle": vehicle = try reader.stringOrNil()
      case "route": route = try reader.stringOrNil()
      case "direction": direction = try reader.int64OrNil().map { Int($0) }
      default: try reader.skipValue()
      }
    }
  }
}
