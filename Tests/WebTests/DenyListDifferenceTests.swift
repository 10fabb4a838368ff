import Basics
import DatabaseSupport
import Foundation
import HTTPTypes
import Intake
import Postgres
import Store
import Tapping
import Testing
import Transit
import Web

/// What a validator holds that takes lists and differences as they come.
private struct HeldList {
  var version: Int64 = 0
  var entries: Set<[UInt8]> = []
  var wholeCount = 0
  var differenceCount = 0

  private static func pieces(_ bytes: [UInt8]) -> Set<[UInt8]> {
    let size = TokenFingerprint.byteCount
    return Set(stride(from: 0, to: bytes.count, by: size).map { Array(bytes[$0..<$0 + size]) })
  }

  mutating func take(version: Int64, since: Int64?, added: [UInt8], removed: [UInt8]) {
    if let since {
      #expect(since == self.version, "a difference against a version that it does not hold")
      let gone = Self.pieces(removed)
      #expect(gone.isDisjoint(with: Self.pieces(added)))
      entries.formUnion(Self.pieces(added))
      entries.subtract(gone)
      differenceCount += 1
    } else {
      #expect(removed.isEmpty)
      entries = Self.pieces(added)
      wholeCount += 1
    }
    self.version = version
  }
}

@Suite(.enabled(if: LeasedDatabase.isAvailable, "skipped: no PostgreSQL"))
struct DenyListDifferenceTests {
  private static let mediaCount = 60

  private static func medium(_ index: Int) -> MediumID { MediumID(high: 5, low: UInt64(index + 1)) }

  /// Media of which each tenth has the fingerprint of the one before, by chance.
  private static func addMedia(_ service: TestService) async throws {
    for index in 0..<mediaCount {
      let print = SHA256Digest.hash([UInt8(index % 10 == 9 ? index - 1 : index)]).prefix(8)
      let (id, bytes) = (PostgresValue.identifier(medium(index)), Array(print))
      _ = try await service.pool.session { db in
        try await db.execute("insert into rider values ($1, 0, now())", [id])
        try await db.execute(
          """
          insert into medium (medium_id, rider_id, kind, first_seen_at, fingerprint)
          values ($1, $1, 'card', now(), $2)
          """, [id, .bytea(bytes)])
      }
    }
  }

  private static func fetch(
    _ list: inout HeldList, asBytes: Bool, by validator: Validator
  ) async throws {
    let service = validator.service
    let target = "/v1/deny-list" + (list.version == 0 ? "" : "?since=\(list.version)")
    var headers = try validator.headers(of: target, time: service.clock.now.description)
    headers[.accept] = asBytes ? "application/octet-stream" : "application/json"
    let answer = await service.send(.get, target, headers: headers)
    guard answer.status != .notModified else { return }
    try #require(answer.status == .ok, "\(answer.text)")
    if asBytes {
      let file = try #require(DenyListFile(binary: answer.body))
      list.take(
        version: file.version, since: file.since, added: file.added, removed: file.removed)
    } else {
      let json = try JSONSerialization.jsonObject(with: Data(answer.body)) as? [String: Any]
      let file = try #require(json)
      func bytes(_ name: String) throws -> [UInt8] {
        let text = try #require(file[name] as? String)
        let bytes = try #require(Base64.decode(text, .standard))
        #expect((file["\(name)_count"] as? NSNumber)?.intValue == bytes.count / 8)
        return bytes
      }
      list.take(
        version: try #require((file["version"] as? NSNumber)?.int64Value),
        since: (file["since"] as? NSNumber)?.int64Value, added: try bytes("added"),
        removed: try bytes("removed"))
    }
  }

  @Test func differencesAreKeptReadyUpToACountOfTheirBytes() async throws {
    try await TestService.with { service in
      let bytesMax = 5 * TokenFingerprint.byteCount
      let holder = DenyListHolder(factory: PrometheusRegistry(), differencesBytesMax: bytesMax)
      try await holder.prepare(service.store) { [UInt8](repeating: 9, count: $0) }
      try await Self.addMedia(service)
      // Each is a version of its own.
      for index in 0..<8 {
        _ = try await service.store.write { db in
          try await db.denyList.deny(
            media: [Self.medium(index)], reason: "lost", at: TestService.now)
        }
      }
      holder.invalidate()
      let whole = try await holder.current(from: service.store)
      #expect(whole.addedCount == 8)
      for back in 1...7 {
        let since = whole.version - Int64(back)
        for _ in 0..<2 {
          let file = try await holder.file(since: since, from: service.store)
          #expect(file?.since == since && file?.addedCount == back)
        }
        #expect(holder.differencesBytes <= bytesMax)
      }
    }
  }

  /// The service was restored from a backup, and made other versions than the device had got.
  @Test func whatADeviceHoldsOfBeforeARestoreIsAnsweredWithTheWholeList() async throws {
    try await TestService.with { service in
      try await service.services.denyList.prepare(service.store) {
        [UInt8](repeating: 9, count: $0)
      }
      let validator = try await Validator(service)
      try await Self.addMedia(service)
      let deny: @Sendable (Int) async throws -> Void = { index in
        _ = try await service.store.write { db in
          try await db.denyList.deny(
            media: [Self.medium(index)], reason: "lost", at: TestService.now)
        }
      }
      for index in 0..<8 { try await deny(index) }
      // Of a list that the backup does not know.
      var list = HeldList(version: 6, entries: [[UInt8](repeating: 1, count: 8)])
      _ = try await service.store.write { try await $0.denyList.startLine(at: TestService.now) }
      try await deny(10)
      service.services.denyList.invalidate()
      try await Self.fetch(&list, asBytes: true, by: validator)
      #expect(list.wholeCount == 1 && list.entries.count == 9)
      // From then on differences are enough.
      try await deny(11)
      service.services.denyList.invalidate()
      try await Self.fetch(&list, asBytes: true, by: validator)
      #expect(list.differenceCount == 1 && list.entries.count == 10)
    }
  }

  /// Entries come and go at random, and devices ask at random, with whatever version they hold.
  @Test(arguments: [1, 2, 3] as [UInt64])
  func listsAndDifferencesMakeTheListOfNow(_ seed: UInt64) async throws {
    try await TestService.with { service in
      try await service.services.denyList.prepare(service.store) {
        [UInt8](repeating: 9, count: $0)
      }
      let validator = try await Validator(service)
      try await Self.addMedia(service)
      var chance = SeededGenerator(seed: seed)
      var lists = [Bool: [HeldList]]()
      for asBytes in [true, false] { lists[asBytes] = Array(repeating: HeldList(), count: 4) }
      for round in 0..<40 {
        let count = round == 0 ? 40 : chance.integer(in: 1...6)
        let media = (0..<count).map { _ in Self.medium(chance.integer(in: 0...Self.mediaCount - 1))
        }
        let isDenied = round == 0 || chance.chance(0.5)
        _ = try await service.store.write { db in
          isDenied
            ? try await db.denyList.deny(media: media, reason: "lost", at: TestService.now)
            : try await db.denyList.allow(media: media, at: TestService.now)
        }
        service.services.denyList.invalidate()
        let all = try await service.store.read { try await $0.denyList.all() }
        let expected = Set(stride(from: 0, to: all.count, by: 8).map { Array(all[$0..<$0 + 8]) })
        let version = try await service.store.read { try await $0.denyList.head().version }
        for asBytes in [true, false] {
          for index in 0..<4 where chance.chance(0.4) {
            var list = try #require(lists[asBytes])[index]
            try await Self.fetch(&list, asBytes: asBytes, by: validator)
            #expect(list.version == version && list.entries == expected)
            lists[asBytes]?[index] = list
          }
        }
      }
      for held in lists.values {
        // Each began with a whole list, and most of what followed was a difference.
        #expect(held.allSatisfy { $0.wholeCount >= 1 && $0.differenceCount > $0.wholeCount })
      }
    }
  }
}
