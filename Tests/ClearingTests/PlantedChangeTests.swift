import Basics
import Clearing
import Postgres
import Store
import Tapping
import Testing
import Transit

/// Whoever owns the database changes one value of one row, takes a row away or puts one in: the proof
/// finds it, in every table that money rests on.
extension ClearingSuite {
  @Suite struct PlantedChangeTests {
    /// A table, the rows among which one is chosen, and what is not looked for, with the reason.
    private struct Target {
      let table: String
      /// The newest row is changed; null is any.
      var among = "true"
      let order: String
      /// Columns that say nothing about money: when something was written down, who works on it.
      var left: Set<String> = []
      /// The columns that money rests on, where there are few of them; nil is all but those left.
      var only: Set<String>?
      /// The column by which a copy of the row becomes another row; nil: no row is put in.
      var key: String?
      /// Columns whose other values have to be words that the table takes.
      var values: [String: String] = [:]

      /// The proofs that are asked for it, the cheapest that may find it first.
      var depths: [AuditDepth] {
        ["tap", "fare_day", "tap_batch", "device_epoch"].contains(table)
          || among == PlantedChangeTests.december
          ? [.journal] : [.books, .journal]
      }
    }

    /// In the month that is closed the trees find whatever was changed.
    private static let november =
      "run_id in (select run_id from clearing_run where accounting_date < '2026-12-01')"
    private static let december =
      "run_id in (select run_id from clearing_run where accounting_date >= '2026-12-01')"

    private static let targets = [
      Target(
        table: "ride", among: november, order: "ride_id", left: ["reversed_run_id"],
        key: "ride_id"),
      Target(
        table: "ride", among: december, order: "ride_id",
        // The tap at getting off has three columns, and there is none.
        left: ["off_device_id", "off_epoch", "off_seq"], key: "ride_id"),
      Target(
        table: "clearing_run", among: november, order: "run_id",
        left: ["windowed_at", "shared_at"], key: "run_id"),
      Target(
        table: "clearing_run", among: december, order: "run_id",
        left: ["windowed_at", "shared_at", "started_at", "rider_days", "taps", "lane"],
        key: "run_id"),
      Target(
        table: "entry", order: "entry_id", left: ["created_at"], key: "entry_id"),
      Target(
        table: "posting", among: "debit_minor > 0", order: "entry_id", left: ["credit_minor"],
        key: "line"),
      Target(
        table: "posting", among: "credit_minor > 0", order: "entry_id", left: ["debit_minor"]),
      Target(table: "ride_sum", order: "accounting_date", key: "lane"),
      // A last place in the chain that is taken away is given again, and is the same; a second place
      // of an entry the server refuses.
      Target(table: "entry_seal", among: "seq = 1", order: "seq", left: ["sealed_at"]),
      Target(table: "period_tree", order: "table_name", key: "table_name"),
      Target(table: "period_report", order: "report", left: ["made_at"], key: "report"),
      Target(
        table: "accounting_period", among: "state = 'closed'", order: "period",
        left: ["closing_at", "closing_by", "closed_by", "state"],
        values: ["period": "'2026-10'", "first_date": "'2026-10-01'"]),
      Target(
        table: "tap", order: "tapped_at", left: ["assigned"], key: "seq",
        values: [
          "kind": "'on'", "medium": "'bank'", "direction": "1 - coalesce(direction, 0)",
          "deny_list_version": "coalesce(deny_list_version, 0) + 1",
        ]),
      Target(
        table: "fare_day", order: "fare_day",
        left: ["stale_since", "stale_reason", "stale_cause", "rated_at"]),
      Target(
        table: "tap_batch", order: "batch_id",
        // `seqs` is for people; `sent_at` counts only where it moves a tap; the rest is the workers'.
        only: [
          "batch_id", "device_id", "epoch", "fresh", "quarantined", "received_at", "body",
          "signature", "body_digest",
        ], key: "batch_id"),
      Target(
        table: "device_epoch", order: "device_id", only: ["device_id", "epoch", "seen"],
        key: "epoch"),
    ]

    @Test func everyChangedAddedOrRemovedRowIsFound() async throws {
      try await House.with { house in
        try await Self.fill(house)
        let sound = try await house.fullAudit(.journal)
        #expect(sound.isSound, "\(sound.findings)")
        #expect(sound.batches == 3 && sound.taps == 5 && sound.periods == 1)
        #expect(sound.batchesWithoutSignature == 0)
        var tried = 0
        for target in Self.targets {
          try await house.script("create table saved as select * from \(target.table)")
          for (what, statement) in try await Self.forgeries(target, house) {
            try await house.script(House.forging(statement))
            var isFound = false
            for depth in target.depths where !isFound {
              isFound = try await !house.fullAudit(depth).isSound
            }
            #expect(isFound, "not found: \(what)")
            try await house.script(
              House.forging(
                """
                delete from \(target.table);
                insert into \(target.table) overriding system value select * from saved
                """))
            tried += 1
          }
          try await house.script("drop table saved")
        }
        #expect(tried > 120)
        #expect(try await house.fullAudit(.journal).isSound)
      }
    }

    /// Signed taps of two cards in November, which is closed, and one that comes in December.
    private static func fill(_ house: House) async throws {
      try await house.journalSigned(
        [try located(1, "08:00"), try located(2, "12:00"), try located(3, "09:00", card: "bohdan")])
      try await house.journalSigned([try located(1, "10:00", card: "vira")], device: "V-2")
      try await house.service.drain()
      guard case .closed = try await house.close() else {
        Issue.record("November was not closed")
        return
      }
      try await house.journalSigned(
        [try located(4, "18:00", card: "bohdan")], receivedAt: House.december)
      try await house.decemberService.drain()
    }

    private static func located(
      _ seq: Int64, _ time: String, card: String = "anna"
    ) throws -> Tap {
      var tap = try tap(seq, time, card: card)
      tap.coordinate = Coordinate(latitude: 50, longitude: 30)
      return tap
    }

    /// One statement for each column, one that takes a row away, and one that puts one in.
    private static func forgeries(
      _ target: Target, _ house: House
    ) async throws -> [(what: String, sql: String)] {
      let columns = try await house.texts(
        """
        select attname || ' ' || format_type(atttypid, atttypmod) from pg_attribute
        where attrelid = '\(target.table)'::regclass and attnum > 0 and not attisdropped
        order by attnum
        """
      ).map { line in
        let parts = line.split(separator: " ", maxSplits: 1)
        return (name: String(parts[0]), type: String(parts[1]))
      }
      let chosen = """
        (tableoid, ctid) in (select tableoid, ctid from \(target.table) where \(target.among)
          order by \(target.order) desc limit 1)
        """
      // The server itself refuses another number for these, also from its owner.
      let given = Set(
        try await house.texts(
          """
          select attname from pg_attribute
          where attrelid = '\(target.table)'::regclass and attidentity = 'a'
          """))
      var forgeries = columns.filter { column in
        !given.contains(column.name)
          && (target.only?.contains(column.name) ?? !target.left.contains(column.name))
      }.map { column in
        let other = target.values[column.name] ?? Self.other(column.name, column.type)
        return (
          "\(target.table).\(column.name) (\(target.among))",
          """
          update \(target.table) set \(column.name) = \(other) where \(chosen)
          """
        )
      }
      forgeries.append(
        ("a row of \(target.table) taken away", "delete from \(target.table) where \(chosen)"))
      if let key = target.key {
        let copied = columns.map { column in
          column.name == key ? Self.other(column.name, column.type, by: 50) : column.name
        }.joined(separator: ", ")
        forgeries.append(
          (
            "a row of \(target.table) put in",
            """
            insert into \(target.table) overriding system value
            select \(copied) from \(target.table) where \(chosen)
            """
          ))
      }
      return forgeries
    }

    /// Another value than the one that stands there.
    static func other(_ name: String, _ type: String, by step: Int = 1) -> String {
      if name == "currency" { return "'EUR'" }
      // A month that has a row.
      if name.hasSuffix("kept_in") { return "'2026-12'" }
      if name == "open_entries" { return "array_append(open_entries, 100)" }
      if name == "medium" { return "case medium when 'bank' then 'card' else 'bank' end" }
      // A name of a row must not become that of its neighbour: the server would refuse it.
      let step = name.hasSuffix("_id") || ["line", "seq", "epoch"].contains(name) ? 100 : step
      return switch type {
      case "bigint", "integer", "smallint": "coalesce(\(name), 0) + \(step)"
      case "double precision": "\(name) + 0.01"
      case "text": "coalesce(\(name), '') || 'x'"
      case "text[]": "array_append(\(name), 'x')"
      case "date": "coalesce(\(name), '2026-11-22') + 1"
      case "timestamp with time zone": "coalesce(\(name), now()) + interval '1 second'"
      case "uuid": "gen_random_uuid()"
      case "boolean": "not \(name)"
      case "bytea":
        """
        case when length(\(name)) > 0 then set_byte(\(name), 0, (get_byte(\(name), 0) + 1) % 256)
          else '\\x01' end
        """
      case "int8multirange": "\(name) + '{[900,901)}'"
      default: "null"
      }
    }
  }
}

extension House {
  /// Puts a batch into the journal as Intake does, signed with the key of its device.
  func journalSigned(
    _ taps: [Tap], device: String = "V-1", receivedAt: Instant = House.noon
  ) async throws {
    let pair = try #require(Ed25519KeyPair(seed: [UInt8](repeating: 9, count: 32)))
    let batch = TapBatch(device: device, epoch: 1, sentAt: receivedAt, taps: taps)
    let body = TapBatchJSON.encode(batch)
    let seqs = SequenceRanges(taps.map { $0.seq..<($0.seq + 1) }).ranges
    _ = try await pool.session { db in
      try await db.execute(
        "update device set public_key = $2 where device_id = $1",
        [.text(device), .bytea(pair.publicKey)])
      try await db.execute(
        """
        insert into device_key (device_id, public_key, valid_from) values ($1, $2, $3)
        on conflict do nothing
        """, [.text(device), .bytea(pair.publicKey), .timestamptz(receivedAt)])
      try await db.execute(
        """
        insert into device_epoch (device_id, epoch, seen, taps_stored, last_received_at,
          last_sent_at) values ($1, 1, $2, $3, $4, $4)
        on conflict (device_id, epoch) do update
          set seen = device_epoch.seen + excluded.seen,
            taps_stored = device_epoch.taps_stored + excluded.taps_stored
        """,
        [
          .text(device), .int8multirange(seqs), .int8(Int64(taps.count)),
          .timestamptz(receivedAt),
        ])
      try await db.execute(
        """
        insert into tap_batch (lane, device_id, epoch, seqs, fresh, received_at, sent_at, body,
          signature, body_digest)
        values ($1, $2, 1, $3, $3, $4, $4, $5, $6, $7)
        """,
        [
          .int2(Lane.of(name: device)), .text(device), .int8multirange(seqs),
          .timestamptz(receivedAt), .bytea(body), .bytea(pair.sign(body)),
          .bytea(SHA256Digest.hash(body)),
        ])
    }
  }
}
