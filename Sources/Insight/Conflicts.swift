import Basics
package import Store
package import Tapping

/// A number that came with two contents, side by side.
package struct Conflict: Sendable, Equatable {
  package let row: ConflictRow
  /// What is kept, as JSON without its token; nil when its batch cannot be read.
  package fileprivate(set) var keptContent: String?
  /// The deny list that the validator used, by the batch of what is kept; nil where that names none or cannot be
  /// read.
  package fileprivate(set) var keptDenyList: Int64?
  /// The batch in which the other content was found; nil when it was found in none that can be read.
  package fileprivate(set) var otherBatchID: Int64?
  /// The same of the other content.
  package fileprivate(set) var otherDenyList: Int64?

  /// Takes what a batch tells of either content; of the batches that may have brought the other one the first with
  /// its digest did.
  fileprivate mutating func read(_ batch: TapBatch, id: Int64, tokenKey: TokenKey) {
    let taps = batch.taps.filter { $0.seq == row.name.seq }
    if id == row.keptBatchID, let tap = taps.first {
      keptContent = TapContent.json(tap, tokenKey: tokenKey)
      keptDenyList = batch.denyListVersion
    }
    if otherBatchID == nil, row.otherBatchIDs.contains(id),
      taps.contains(where: { $0.contentHash.bytes == row.otherDigest })
    {
      otherBatchID = id
      otherDenyList = batch.denyListVersion
    }
  }
}

extension InsightDesk {
  /// Most conflicts of one answer where no other number is asked for.
  package static let conflictsMax = 200
  /// Most batches that are held in memory at once while conflicts are read from them.
  package static let conflictBatchesMax = 16

  /// Numbers that came with two contents, the newest first, each with both, after one of them.
  ///
  /// A validator that begins anew makes conflicts by the thousand out of few batches, and others each of two of
  /// their own: a batch is read once for all that it has to do with, and some batches at a time.
  package func conflicts(
    device: String? = nil, after last: Int64? = nil, tokenKey: TokenKey, limit: Int = conflictsMax,
    batchesMax: Int = conflictBatchesMax
  ) async throws -> [Conflict] {
    let rows = try await store.read { db in
      try await db.fleet.conflicts(device: device, after: last, limit: limit)
    }
    var conflicts = rows.map { Conflict(row: $0) }
    var places: [Int64: [Int]] = [:]
    for (place, row) in rows.enumerated() {
      for id in Set(row.otherBatchIDs + [row.keptBatchID].compactMap { $0 }) {
        places[id, default: []].append(place)
      }
    }
    var waiting = places.sorted { $0.key < $1.key }[...]
    while !waiting.isEmpty {
      let batches = waiting.prefix(batchesMax)
      waiting = waiting.dropFirst(batchesMax)
      let devices = Dictionary(
        uniqueKeysWithValues: batches.map { ($0.key, rows[$0.value[0]].name.device) })
      let bodies = try await store.read { db in try await db.evidence.bodies(of: devices) }
      for (id, places) in batches {
        guard let batch = try? bodies[id]?.decode() else { continue }
        for place in places { conflicts[place].read(batch, id: id, tokenKey: tokenKey) }
      }
    }
    return conflicts
  }
}
