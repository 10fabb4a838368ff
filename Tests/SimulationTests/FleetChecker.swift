import Foundation
import SwiftProtobuf
import TapBatchMessages

/// Compares what lies in the database with what a fleet recorded; it stands apart: it reads rows
/// and signed bytes by itself, and uses nothing of the service.
struct FleetChecker {
  /// A tap as the checker reads it from the signed bytes.
  struct Content: Hashable {
    let seq: Int64
    let at: Double
    let kind: String
    let medium: String
    let token: String
    let riders: Int
    let route: String?
    let direction: Int?

    var withoutToken: Content {
      Content(
        seq: seq, at: at, kind: kind, medium: medium, token: "", riders: riders, route: route,
        direction: direction)
    }
  }

  /// One row of the journal: the numbers it brought first, and the body.
  struct JournalRow {
    let device: String
    let epoch: Int64
    let fresh: String
    let quarantined: String
    /// The content of the signed bytes, unpacked.
    let body: Data
    let isProtobuf: Bool
  }

  /// What was recorded under one number.
  struct Recorded {
    var contents: Set<Content> = []
    /// Those of them that have to be there: acknowledged, or of hardware that came home.
    var owed: Set<Content> = []
    var isImpossible = false
  }

  /// One life of a counter.
  struct Life: Hashable {
    let device: String
    let epoch: Int64
  }

  struct Key: Hashable, CustomStringConvertible {
    let device: String
    let epoch: Int64
    let seq: Int64
    var description: String { "\(device)/\(epoch)/\(seq)" }
  }

  /// Everything recorded and acknowledged.
  var recorded: [Key: Recorded] = [:]
  /// Numbers that were never recorded, below the last of their life.
  var lost: Set<Key> = []
  /// Lives whose hardware never came home: what is missing of them follows from what is there.
  var brokenOff: Set<Life> = []
  private(set) var faults: [String] = []

  /// Checks the journal, the register, the conflicts and the quarantine.
  mutating func check(
    journal: [JournalRow], seen: [(device: String, epoch: Int64, ranges: String)],
    conflicts: [(key: Key, content: Data)], quarantine: [Key], gaps: [Key]
  ) throws {
    let kept = try contents(of: journal)
    for (key, contents) in kept {
      if contents.count != 1 { faults.append("\(key) is in the journal \(contents.count) times") }
      guard let truth = recorded[key] else {
        faults.append("\(key) was never recorded")
        continue
      }
      for content in contents where !truth.contents.contains(content) {
        faults.append("\(key) has another content than recorded")
      }
    }
    for (key, truth) in recorded where kept[key] == nil && !truth.owed.isEmpty {
      faults.append("\(key) is missing")
    }
    try checkConflicts(kept, conflicts)
    checkRegister(seen, Set(kept.keys))
    let holes = lost.union(holes(in: kept))
    if Set(gaps) != holes || gaps.count != holes.count {
      faults.append("the list of gaps differs in \(holes.symmetricDifference(gaps))")
    }
    let impossible = Set(recorded.filter { $1.isImpossible && kept[$0] != nil }.keys)
    let apart = Set(quarantine)
    if apart != impossible {
      faults.append("quarantine differs in \(apart.symmetricDifference(impossible))")
    }
    let inRows = try journal.reduce(into: Set<Key>()) { keys, row in
      for seq in try Self.numbers(row.quarantined) {
        keys.insert(Key(device: row.device, epoch: row.epoch, seq: seq))
      }
    }
    if inRows != impossible {
      faults.append("the journal's quarantine differs in \(inRows.symmetricDifference(impossible))")
    }
  }

  /// Numbers below the last of lives that were broken off, of which nothing is there.
  private func holes(in kept: [Key: [Content]]) -> [Key] {
    brokenOff.flatMap { life -> [Key] in
      let seqs = Set(
        kept.keys.filter { $0.device == life.device && $0.epoch == life.epoch }.map(\.seq))
      guard let last = seqs.max() else { return [] }
      return (1...last).filter { !seqs.contains($0) }.map {
        Key(device: life.device, epoch: life.epoch, seq: $0)
      }
    }
  }

  private func contents(of journal: [JournalRow]) throws -> [Key: [Content]] {
    var kept: [Key: [Content]] = [:]
    for row in journal {
      let fresh = Set(try Self.numbers(row.fresh))
      var taken: Set<Int64> = []
      for content in try Self.contents(of: row.body, isProtobuf: row.isProtobuf)
      where fresh.contains(content.seq) && taken.insert(content.seq).inserted {
        kept[Key(device: row.device, epoch: row.epoch, seq: content.seq), default: []]
          .append(content)
      }
    }
    return kept
  }

  /// Of two contents under one number one is in the journal and the other beside it.
  private mutating func checkConflicts(
    _ kept: [Key: [Content]], _ conflicts: [(key: Key, content: Data)]
  ) throws {
    var others: [Key: [Content]] = [:]
    for (key, content) in conflicts {
      let told = try JSONDecoder().decode(Told.self, from: content)
      others[key, default: []].append(try Self.content(told))
    }
    for (key, truth) in recorded {
      let standing = kept[key]?.first
      let possible = truth.contents.filter { $0 != standing }.map(\.withoutToken)
      let owed = truth.owed.filter { $0 != standing }.map(\.withoutToken)
      let found = others[key] ?? []
      if Set(found).count != found.count || !Set(found).isSubset(of: possible)
        || !Set(found).isSuperset(of: owed)
      {
        faults.append("\(key) has conflicts \(found) of \(possible), owed are \(owed)")
      }
      others[key] = nil
    }
    for key in others.keys { faults.append("\(key) has an invented conflict") }
  }

  private mutating func checkRegister(
    _ seen: [(device: String, epoch: Int64, ranges: String)], _ kept: Set<Key>
  ) {
    var known: Set<Key> = []
    for row in seen {
      for seq in (try? Self.numbers(row.ranges)) ?? [] {
        known.insert(Key(device: row.device, epoch: row.epoch, seq: seq))
      }
    }
    if known != kept {
      faults.append("the register differs in \(known.symmetricDifference(kept))")
    }
    for gap in lost where known.contains(gap) { faults.append("\(gap) is no gap any more") }
  }

  // MARK: Reading, apart from the service's own readers

  private struct Body: Decodable {
    let taps: [Told]
  }

  private struct Told: Decodable {
    let seq: Int64
    let at: String
    let kind: String
    let medium: String
    /// Of a contradiction all is kept but this.
    let token: String?
    let riders: Int?
    let route: String?
    let direction: Int?
  }

  private struct NotRanges: Error { let text: String }

  static func contents(of body: Data, isProtobuf: Bool) throws -> [Content] {
    guard isProtobuf else {
      return try JSONDecoder().decode(Body.self, from: body).taps.map(content)
    }
    return try Kvytok_V1_TapBatch(serializedBytes: body).taps.map(content)
  }

  private static func content(_ tap: Kvytok_V1_Tap) -> Content {
    Content(
      seq: tap.seq, at: Double(tap.at) / 1_000_000,
      kind: ["", "on", "off", "single"][tap.kind.rawValue],
      medium: ["", "card", "bank", "phone", "qr"][tap.medium.rawValue],
      token: tap.token.base64EncodedString().replacing("+", with: "-").replacing("/", with: "_")
        .replacing("=", with: ""),
      riders: tap.hasRiders ? Int(tap.riders) : 1, route: tap.hasRoute ? tap.route : nil,
      direction: tap.hasDirection ? Int(tap.direction) : nil)
  }

  private static func content(_ told: Told) throws -> Content {
    Content(
      seq: told.seq, at: try seconds(told.at), kind: told.kind, medium: told.medium,
      token: told.token ?? "", riders: told.riders ?? 1, route: told.route,
      direction: told.direction)
  }

  private static func seconds(_ text: String) throws -> Double {
    let style = Date.ISO8601FormatStyle(includingFractionalSeconds: text.contains("."))
    return try style.parse(text).timeIntervalSince1970
  }

  /// The numbers of PostgreSQL's text of a multirange: `{[1,5),[7,8)}`.
  private static func numbers(_ text: String) throws -> [Int64] {
    let inner = text.dropFirst().dropLast()
    guard !inner.isEmpty else { return [] }
    let ends = inner.split(whereSeparator: { "[),".contains($0) }).map { Int64($0) }
    guard ends.count % 2 == 0 else { throw NotRanges(text: text) }
    return try stride(from: 0, to: ends.count, by: 2).flatMap { index -> [Int64] in
      guard let first = ends[index], let end = ends[index + 1] else {
        throw NotRanges(text: text)
      }
      return Array(first..<end)
    }
  }
}
