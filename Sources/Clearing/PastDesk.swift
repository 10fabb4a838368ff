package import Basics
package import Logging
package import Store
import Tapping

/// What somebody wants to change of the past; whoever else says the same wants the same.
package struct PastWish: Sendable, Equatable {
  package let kind: PastChangeKind
  /// What is to be done, in words and without the rider.
  package let what: String
  /// By what the same wish of another person is known.
  let digest: [UInt8]
  /// Whom it is about, as the list tells it until they are erased: a rider, or the medium of a link, and the rider
  /// whom a merge leaves.
  let rider: RiderID?
  let other: RiderID?
  /// Why, for the file of the rider.
  let reason: String

  /// Names a wish; `subject` is whom it is about and all else that is to be the same, and stands in no row.
  package init(
    _ kind: PastChangeKind, _ what: String, of subject: String = "", rider: RiderID? = nil,
    other: RiderID? = nil, reason: String = ""
  ) {
    self.kind = kind
    self.what = what
    self.rider = rider
    self.other = other
    self.reason = reason
    digest = SHA256Digest.hash(Array("\(kind.rawValue)\n\(subject)\n\(what)".utf8))
  }
}

/// What became of a change of the past.
package enum PastOutcome<Done: Sendable>: Sendable {
  case done(Done)
  /// Nothing was changed: it takes another person, who says the same.
  case waits(PastChangeRow)
}

/// Changes of the past that are no orders: where validators were, what riders had a right to and who they were,
/// and how much of that one person may do.
///
/// What such a change comes to is worked out in its own transaction. Above the limit of ``Rerating`` nothing
/// of it is kept but the wish, and it is done when another person says the same. What a person changed
/// without another one counts together, by whatever way.
package struct PastDesk: Sendable {
  /// How long a wish waits for another person.
  package static let waitsDays: Int64 = 7
  /// Most times that a change is begun anew because something was published or asked for meanwhile.
  private static let reloadsMax = 5

  private let store: Store
  private let city: CityHolder
  private let log: Logger

  /// Opens the desk.
  package init(store: Store, city: CityHolder, log: Logger) {
    self.store = store
    self.city = city
    self.log = log
  }

  /// Does what a person wishes where that person may, and else keeps the wish.
  ///
  /// The body takes what it changes through the gate, in a transaction of its own: that is undone when the gate
  /// lets it not through.
  package func change<Done: Sendable>(
    _ wish: PastWish, by person: Person?, at now: Instant,
    _ body: (PastGate) async throws -> Done
  ) async throws -> PastOutcome<Done> {
    for _ in 0..<Self.reloadsMax {
      let gate = PastGate(store: store, city: city.current, wish: wish, person: person, now: now)
      do {
        return .done(try await body(gate))
      } catch is PastGate.Outdated {
        try await city.reload(from: store)
      } catch let waits as PastGate.Waits {
        if let row = try await keep(waits.row, wish) { return .waits(row) }
      }
    }
    throw StoreFault(
      kind: .unavailable,
      "networks or tariffs are being published, or the same is being asked for, faster than it can be done"
    )
  }

  /// Writes a wish down; nil where another person asked for the same meanwhile, so that it can be done.
  ///
  /// In the file of the rider stands who asked and why, whatever the other person says.
  private func keep(_ asked: PastChangeRow, _ wish: PastWish) async throws -> PastChangeRow? {
    let row = try await store.write { db -> PastChangeRow? in
      try await db.pastChanges.hold(asked.wish)
      let since = Self.waitsSince(asked.requestedAt)
      if let other = try await db.pastChanges.lockRequested(asked.wish, after: since),
        !other.requestedBy.isSame(as: asked.requestedBy),
        PastGate.isNoMore(asked.changeMinor, than: other.changeMinor)
      {
        return nil
      }
      var row = asked
      row.id = try await db.pastChanges.add(row)
      if !wish.reason.isEmpty, let rider = wish.rider,
        let present = try await db.media.present(rider)?.rider
      {
        try await db.media.add(
          RiderEventRow(
            at: row.requestedAt, actor: row.requestedBy.label, kind: "asked", reason: wish.reason,
            detail: "change \(row.id): \(row.what)"),
          of: present)
      }
      return row
    }
    guard let row else { return nil }
    log.notice(
      "a change of the past waits for another person",
      metadata: [
        "change": "\(row.id)", "kind": "\(row.kind.rawValue)", "by": "\(row.requestedBy.label)",
      ])
    return row
  }

  /// The changes, the newest first; those that waited too long as ones that lapsed.
  package func list(at now: Instant) async throws -> [PastChangeRow] {
    let rows = try await store.read { db in try await db.pastChanges.list() }
    return rows.map { row in
      var row = row
      if row.state == .requested, row.requestedAt <= Self.waitsSince(now) { row.state = .lapsed }
      return row
    }
  }

  /// The changes that wait for another person, the newest first.
  package func waiting(at now: Instant) async throws -> [PastChangeRow] {
    let rows = try await store.read { db in try await db.pastChanges.list(state: .requested) }
    return rows.filter { $0.requestedAt > Self.waitsSince(now) }
  }

  static func waitsSince(_ now: Instant) -> Instant {
    now.adding(seconds: -waitsDays * 86_400)
  }
}

/// What one person may change of the past alone, in minor units of each currency.
package struct AloneLimit: Sendable {
  package let minor: Int64
  /// Who set it and when, and who said the same; nil: nobody, or not by the desk.
  package let set: PastChangeRow?
  /// A limit that waits for another person.
  package let waiting: PastChangeRow?
}

extension PastDesk {
  /// The limit in force, and one that waits.
  package func limit(at now: Instant) async throws -> AloneLimit {
    try await store.read { db in
      let minor = try await Rerating.limitMinor(in: db)
      let set = try await db.pastChanges.list(kind: .limit, state: .done, limit: 1).first
      let waiting = try await db.pastChanges.list(kind: .limit, state: .requested, limit: 1).first
      return AloneLimit(
        minor: minor, set: set?.what == Self.text(ofLimit: minor) ? set : nil,
        waiting: waiting.flatMap { $0.requestedAt > Self.waitsSince(now) ? $0 : nil })
    }
  }

  /// Sets the limit, when two people say the same one.
  package func setLimit(
    _ minor: Int64, by person: Person, at now: Instant
  ) async throws -> PastOutcome<Int64> {
    let store = store
    return try await change(
      PastWish(.limit, Self.text(ofLimit: minor)), by: person, at: now
    ) { gate in
      try await store.write { db in
        try await gate.pass(nil, in: db)
        try await db.settings.set(Rerating.limitSetting, to: String(minor))
        return minor
      }
    }
  }

  private static func text(ofLimit minor: Int64) -> String { "\(minor) minor units" }
}
