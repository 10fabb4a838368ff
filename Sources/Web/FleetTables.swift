import Basics
import Insight
import Store

/// A validator that is silent though its vehicle moves.
struct SilentRow {
  let vehicle: String
  let device: String
  let lastHeard: String
  /// That other hardware took its place, and was not heard of; nil where it was not so.
  let replaced: String?
  let movedSince: String
  let movedMetres: String
}

/// A hole in the numbers of a validator.
struct GapRow {
  let device: String
  let epoch: String
  let numbers: String
  let missing: String
  let knownSince: String
  let age: String
}

/// A number that came with two contents.
struct ConflictRow {
  let device: String
  let number: String
  let kept: ConflictSide?
  let other: ConflictSide
  /// In what they differ, in words.
  let differing: String
}

/// One of two contents of a number.
struct ConflictSide {
  let receivedAt: String
  let fields: [ConflictField]
}

/// A member of a content, and whether the other content says something else.
struct ConflictField {
  let name: String
  let value: String
  let differs: Bool
}

/// What dispatchers watch: silence, holes and contradictions.
extension Handlers {
  /// Most silent validators, holes and conflicts on the page.
  private static let silentShownMax = 200
  private static let gapsShownMax = 200
  private static let conflictsShownMax = 50

  func silentTable(
    _ request: WebRequest, _ people: People
  ) async throws -> FleetTable<SilentRow> {
    let silent = try await services.insight.silentDevices(
      at: request.receivedAt, after: try Self.silentPlace(request, FleetPart.silent.after),
      limit: Self.silentShownMax + 1)
    return FleetTable(
      silent, countMax: Self.silentShownMax, of: .silent, people, on: request,
      place: \.place.pageText
    ) { device in
      SilentRow(
        vehicle: device.vehicle, device: device.device,
        lastHeard: device.lastContactAt.map(people.moment) ?? people.text("never"),
        replaced: device.isUnheardReplacement ? people.text("fleet_replaced") : nil,
        movedSince: device.movedSince.map(people.moment) ?? "–",
        movedMetres: people.number(Int64(device.movedMetres.rounded())))
    }
  }

  func gapTable(_ request: WebRequest, _ people: People) async throws -> FleetTable<GapRow> {
    let gaps = try await services.insight.agedGaps(
      at: request.receivedAt, after: try Self.gapPlace(request, FleetPart.gaps.after),
      limit: Self.gapsShownMax + 1)
    return FleetTable(
      gaps, countMax: Self.gapsShownMax, of: .gaps, people, on: request,
      place: \.gap.place.pageText
    ) { aged in
      let seqs = aged.gap.seqs
      return GapRow(
        device: aged.gap.device, epoch: String(aged.gap.epoch),
        numbers: seqs.lowerBound == seqs.upperBound
          ? String(seqs.lowerBound) : "\(seqs.lowerBound)–\(seqs.upperBound)",
        missing: people.number(seqs.upperBound - seqs.lowerBound + 1),
        knownSince: people.moment(aged.gap.knownSince), age: people.span(seconds: aged.ageSeconds))
    }
  }

  func conflictTable(
    _ request: WebRequest, _ people: People
  ) async throws -> FleetTable<ConflictRow> {
    let conflicts = try await services.insight.conflicts(
      after: try Self.idAfter(request, FleetPart.conflicts.after), tokenKey: services.tokenKey,
      limit: Self.conflictsShownMax + 1)
    return FleetTable(
      conflicts, countMax: Self.conflictsShownMax, of: .conflicts, people, on: request,
      place: \.row.conflictID.description
    ) {
      Self.conflict($0, people)
    }
  }

  private static func conflict(_ conflict: Conflict, _ people: People) -> ConflictRow {
    let kept = conflict.keptContent.map { ToldTap(content: $0) }
    let other = ToldTap(content: conflict.row.otherContent)
    let differing = kept.map { other.differing(from: $0) } ?? []
    // Of a batch that cannot be read nobody knows which list it names: that is no difference.
    let isOtherRead = conflict.otherBatchID != nil
    let listsDiffer =
      kept != nil && isOtherRead && conflict.keptDenyList != conflict.otherDenyList
    func side(_ tap: ToldTap, _ moment: Instant?, _ denyList: String) -> ConflictSide {
      let list = ConflictField(
        name: people.text("fleet_deny_list"), value: denyList, differs: listsDiffer)
      return ConflictSide(
        receivedAt: moment.map(people.moment) ?? "–",
        fields: tap.members(people).map { member in
          ConflictField(
            name: member.title, value: member.value, differs: differing.contains(member.name))
        } + [list])
    }
    func list(_ version: Int64?) -> String { version.map { String($0) } ?? "–" }
    return ConflictRow(
      device: conflict.row.name.device,
      number: "\(conflict.row.name.epoch) / \(conflict.row.name.seq)",
      kept: kept.map { side($0, conflict.row.keptReceivedAt, list(conflict.keptDenyList)) },
      other: side(
        other, conflict.row.otherReceivedAt,
        isOtherRead ? list(conflict.otherDenyList) : people.text("fleet_list_unknown")),
      differing: differing.map { ToldTap.title(of: $0, people) }.joined(separator: ", "))
  }
}
