import Basics
import Clearing
import DatabaseSupport
import Ledger
import Postgres
import Store
import Testing

/// Whoever owns the database adds one minor unit to any amount of any table: either the database refuses
/// it, or the proof of the books names the row.
extension ClearingSuite {
  @Suite struct PlantedCentTests {
    /// Numbers that are no amounts, by the end of their names, and what they are.
    ///
    /// A column with another name is taken for an amount, so that nobody can forget a new one.
    private static let numbers: [String: String] = [
      "_id": "names a row", "epoch": "a life of a device's counter", "_epoch": "the same",
      "seq": "a place in an order", "_seq": "the same", "epochs_from": "a life of a counter",
      "epochs_before": "the same", "epoch_first": "the same", "number": "a place in an order",
      "attempt": "the same",
      "line": "the same", "_order": "the same", "version": "names a version",
      "_version": "the same", "_count": "a count", "taps": "a count", "_taps": "a count",
      "taps_stored": "a count", "duplicates": "a count", "conflicts": "a count",
      "quarantined": "a count", "accepted": "a count", "denied": "a count", "added": "a count",
      "removed": "a count", "records": "a count", "leaves": "a count", "holdings": "a count",
      "transactions": "a count", "tries": "a count", "rides": "a count", "_rides": "a count",
      "riders": "a count", "rides_added": "a count", "rides_reversed": "a count",
      "rides_max": "a count", "rides_used": "a count", "_days": "a count", "days": "a count",
      "months": "a count", "edition": "a count", "alightings": "a count",
      "stored_value": "a count", "late_accepted": "a count",
      "late_denied": "a count", "latest_seconds": "a time", "length_seconds": "a time",
      "_ms": "a time", "free_bytes": "a size",
    ]

    /// What the proof says first of a table whose rows leave no digests.
    private static let otherWords: [String: String] = [
      "posting": "entry ", "ride": "the kept sum of rides of ",
      "ride_sum": "the kept sum of rides of ",
      "operator_share": "operator_share of ",
      "charge_sum": "the kept sum of charge windows of ",
      "acquirer_sum": "the kept sum of the acquirer's lines of ",
      "posting_sum": "the kept sum of postings of ",
      "capture_sum": "the kept sum of captures of ",
      "ride_day_sum": "the kept sum of rides by day of ",
    ]

    private struct Amount: Sendable {
      let table: String
      let column: String
      let key: [String]
    }

    /// Every column of every table that holds an amount.
    private static func amounts(_ house: House) async throws -> [Amount] {
      let rows = try await house.texts(
        """
        select concat_ws(' ', c.table_name, c.column_name, (
          select string_agg(k.column_name, ',' order by k.ordinal_position)
          from information_schema.table_constraints p
          join information_schema.key_column_usage k using (constraint_name, table_name)
          where p.constraint_type = 'PRIMARY KEY' and p.table_name = c.table_name))
        from information_schema.columns c
        join information_schema.tables t using (table_schema, table_name)
        where c.table_schema = 'public' and t.table_type = 'BASE TABLE'
          and c.data_type in ('bigint', 'integer', 'numeric', 'money')
          and not exists (select from pg_inherits where inhrelid = c.table_name::regclass)
        order by 1
        """)
      return rows.map { row in
        let parts = row.split(separator: " ").map(String.init)
        let key = parts.count > 2 ? parts[2].split(separator: ",").map(String.init) : []
        return Amount(
          table: parts[0], column: parts[1],
          key: MoneyTable(rawValue: parts[0])?.key ?? key)
      }.filter { amount in
        !numbers.keys.contains { name in
          name.hasPrefix("_") ? amount.column.hasSuffix(name) : amount.column == name
        }
      }
    }

    /// A pool like that of somebody who has the database and not the folder of the service.
    private static func asOwner<Result: Sendable>(
      _ house: House, _ body: @Sendable (PostgresPool) async throws -> Result
    ) async throws -> Result {
      var configuration = house.pool.configuration
      configuration.sessionSettings = [:]
      configuration.connectionsMax = 2
      let pool = PostgresPool(
        configuration: configuration, loop: try await DatabaseServer.shared.loop())
      do {
        let result = try await body(pool)
        await pool.close()
        return result
      } catch {
        await pool.close()
        throw error
      }
    }

    private static let byHand = "set local kvytok.seal_key = ''"

    /// Runs statements in a transaction; nil when they went through, else what the server said.
    private static func refusal(_ sql: String, on pool: PostgresPool) async throws -> String? {
      do {
        _ = try await pool.session { db in
          do {
            try await db.script("begin; \(sql); commit")
          } catch {
            try await db.script("rollback")
            throw error
          }
        }
        return nil
      } catch let error as PostgresError {
        #expect(
          ["23001", "23514"].contains(error.sqlState), "refused for another reason: \(error)")
        return error.message
      }
    }

    @Test func aPlantedMinorUnitIsRefusedOrNamedInEveryColumnOfEveryTable() async throws {
      try await MoneyProofTests.with(deskToo: true) { house in
        // A rule that moves nothing has a row too.
        try await house.script(
          """
          insert into operator_share values ('2026-11-22', 0, gen_random_uuid(), 'UAH', 'tram', 0, 0,
            'first');
          """)
        // What a run leaves to be shared is not looked at before it is.
        let sharing = OperatorSharing(store: house.store, city: house.city, now: { House.noon })
        while try await sharing.pass() > 0 {}
        let amounts = try await Self.amounts(house)
        #expect(amounts.count > 40)
        #expect(
          Set(amounts.map(\.table)).isSuperset(of: Self.otherWords.keys),
          "a table with words of its own has no amounts any more")
        for table in Set(amounts.map(\.table)) {
          #expect(
            MoneyTable(rawValue: table) != nil || Self.otherWords[table] != nil,
            "nothing proves the amounts of \(table)")
        }
        let outcomes = try await Self.asOwner(house) { owner in
          var outcomes: [String: Int] = [:]
          for (way, before) in Self.ways {
            if way == "by hand, no checks" {
              for table in Set(amounts.map(\.table)) {
                try await MoneyProofTests.dropChecks(of: table, house)
              }
            }
            for group in Self.groups(of: amounts, atOnce: Self.plantedAtOnce(way)) {
              for (amount, outcome) in try await Self.plantAll(group, after: before, house, owner) {
                outcomes["\(way): \(outcome)", default: 0] += 1
                if outcome == "refused" {
                  #expect(way != "past the triggers", "\(amount.table).\(amount.column)")
                }
              }
            }
          }
          return outcomes
        }
        #expect(try await house.fullAudit().isSound)
        print("planted in \(amounts.count) columns: \(outcomes.sorted { $0.key < $1.key })")
        #expect(outcomes["past the triggers: named"] == amounts.count, "\(outcomes)")
        #expect((outcomes["by hand, no checks: named"] ?? 0) > 25, "\(outcomes)")
        #expect((outcomes["plain: refused"] ?? 0) > 30, "\(outcomes)")
      }
    }

    /// The columns that say what a closed month has seen of the bank, each with another value.
    private static let monthsOfBank = [
      ("bank_statement", "statement_id", "kept_in", "'2026-12'"),
      ("bank_statement", "statement_id", "kept_in", "null"),
      ("statement_line", "line_id", "match_kept_in", "'2026-12'"),
      ("statement_line", "line_id", "match_kept_in", "null"),
      ("statement_line", "line_id", "settled_on", "date '2026-12-31'"),
      ("statement_line", "line_id", "settled_on", "null"),
    ]

    @Test func aPlantedMonthOfAStatementOrLineIsRefusedOrNamed() async throws {
      try await MoneyProofTests.with { house in
        try await Self.asOwner(house) { owner in
          for (way, before) in Self.ways {
            for (table, key, column, value) in Self.monthsOfBank {
              let chosen = "\(key) = (select max(\(key)) from \(table) where \(column) is not null)"
              let row = try #require(
                try await house.texts("select \(key)::text from \(table) where \(chosen)").first,
                "\(table).\(column) is in no row")
              let refused = try await Self.refusal(
                "create table saved as select * from \(table); \(before); "
                  + "update \(table) set \(column) = \(value) where \(chosen)", on: owner)
              #expect((refused != nil) == (way == "plain"), "\(way): \(table).\(column)")
              guard refused == nil else { continue }
              let findings = try await house.fullAudit().findings
              #expect(
                findings.contains { $0.hasPrefix("\(table) \(row) ") },
                "\(way): \(column) of \(table) as \(value): \(findings)")
              try await house.script(
                House.forging(
                  """
                  delete from \(table);
                  insert into \(table) overriding system value select * from saved;
                  delete from row_seal where stamp is null; drop table saved
                  """))
            }
          }
        }
        #expect(try await house.fullAudit().isSound)
      }
    }

    /// How it is done: as anybody would, with the key left out on purpose, after the checks of the
    /// tables were dropped, and with all triggers off.
    private static let ways = [
      ("plain", "select"), ("by hand", byHand), ("by hand, no checks", byHand),
      ("past the triggers", "set local session_replication_role = replica"),
    ]

    /// Amounts in which one is added before the proof is asked: each asking looks at all tables.
    ///
    /// Of what was written by hand the proof explains five rows, of rows that are not as they were five of each
    /// table.
    private static func plantedAtOnce(_ way: String) -> Int { way == "past the triggers" ? 18 : 5 }

    /// Amounts of different tables, some together; those whose sums other tables prove are alone.
    private static func groups(of amounts: [Amount], atOnce: Int) -> [[Amount]] {
      var groups: [[Amount]] = []
      for amount in amounts {
        let place = groups.firstIndex { group in
          MoneyTable(rawValue: amount.table) != nil && group.count < atOnce
            && group.allSatisfy {
              $0.table != amount.table && MoneyTable(rawValue: $0.table) != nil
            }
        }
        if let place { groups[place].append(amount) } else { groups.append([amount]) }
      }
      return groups
    }

    /// What came of a minor unit more in each of some amounts.
    private static func plantAll(
      _ amounts: [Amount], after before: String, _ house: House, _ owner: PostgresPool
    ) async throws -> [(Amount, String)] {
      var outcomes: [(Amount, String)] = []
      for (amount, outcome, findings) in try await plant(amounts, after: before, house, owner) {
        guard outcome == nil else {
          outcomes.append((amount, outcome ?? ""))
          continue
        }
        // The proof ends its list somewhere: what is not named among others has to be named alone.
        let alone =
          amounts.count == 1
          ? (amount, outcome, findings)
          : try #require(try await plant([amount], after: before, house, owner).first)
        #expect(alone.1 != nil, "\(before): \(amount.table).\(amount.column): \(alone.2)")
        outcomes.append((amount, alone.1 ?? "not found"))
      }
      return outcomes
    }

    /// Adds one to an amount of one row of each table, looks what the proof says, and puts everything
    /// back; nil for what the proof does not name.
    private static func plant(
      _ amounts: [Amount], after before: String, _ house: House, _ owner: PostgresPool
    ) async throws -> [(Amount, String?, findings: [String])] {
      var planted: [(amount: Amount, words: String, change: String)] = []
      var outcomes: [(Amount, String?, findings: [String])] = []
      for amount in amounts {
        let (table, column) = (amount.table, amount.column)
        // A ride has no key of its own; its sums name it.
        let key = (amount.key.isEmpty ? ["ctid"] : amount.key).map { "\($0)::text" }
          .joined(separator: ", ")
        let chosen = """
          (tableoid, ctid) in (select tableoid, ctid from \(table) where \(column) is not null
            order by \(column) <> 0 desc, ctid desc limit 1)
          """
        let row = try #require(
          try await house.texts("select concat_ws('/', \(key)) from \(table) where \(chosen)")
            .first,
          "\(table).\(column) is in no row")
        let standing = try #require(
          try await house.texts("select \(column)::text from \(table) where \(chosen)").first
            .flatMap { Int64($0) })
        let saving = all(with: table).map { "create table saved_\($0) as select * from \($0); " }
        let refused = try await refusal(
          saving.joined() + "\(before); "
            + "update \(table) set \(column) = \(column) + 1 where \(chosen)", on: owner)
        guard refused == nil else {
          outcomes.append((amount, "refused", []))
          continue
        }
        planted.append(
          (
            amount, otherWords[table] ?? "\(table) \(row) ",
            MoneyTable(rawValue: table) == nil
              ? "" : "\(column) was \(standing), and is \(standing + 1)"
          ))
      }
      guard !planted.isEmpty else { return outcomes }
      let findings = try await house.fullAudit().findings
      for (amount, words, change) in planted {
        let isNamed = findings.contains {
          $0.hasPrefix(words) && (change.isEmpty || $0.hasSuffix(change))
        }
        outcomes.append((amount, isNamed ? "named" : nil, findings))
        let restoring = all(with: amount.table).map { table in
          """
          delete from \(table);
          insert into \(table) overriding system value select * from saved_\(table);
          drop table saved_\(table);
          """
        }
        try await house.script(
          House.forging(restoring.joined() + " delete from row_seal where stamp is null"))
      }
      return outcomes
    }

    /// A table, and one that a trigger changes with it.
    private static func all(with table: String) -> [String] {
      table == "ride_sum" ? [table, "ride_day_sum"] : [table]
    }

    @Test func aStampIsOfOneDigestAndOfTheKeyOfTheService() async throws {
      try await MoneyProofTests.with { house in
        let planted = "update charge_window set decline_code = 'x' where window_id = 1"
        let named = "charge_window 1 was written by hand, with no stamp of the program"
        for statement in [
          // With a key that somebody made up.
          "set local kvytok.seal_key = '\(String(repeating: "ab", count: 128))'; \(planted)",
          // With a digest and stamp of before, as a new version.
          """
          \(Self.byHandTwice); delete from row_seal where stamp is null;
          insert into row_seal (table_name, row_key, digest, stamp)
            select table_name, row_key, digest, stamp from row_seal
            where table_name = 'charge_window' order by seal_id limit 1
          """,
        ] {
          try await house.script("create table kept as select * from charge_window")
          try await house.script("create table seals as select * from row_seal")
          try await house.script(
            "begin; alter table row_seal disable trigger user; \(statement); "
              + "alter table row_seal enable trigger user; commit")
          let audit = try await house.fullAudit()
          #expect(audit.findings.contains { $0.hasPrefix(named) }, "\(audit.findings)")
          try await house.script(
            House.forging(
              """
              delete from charge_window; delete from row_seal;
              insert into charge_window overriding system value select * from kept;
              insert into row_seal overriding system value select * from seals;
              drop table kept; drop table seals
              """))
        }
        #expect(try await house.fullAudit().isSound)
      }
    }

    private static let byHandTwice = """
      set local kvytok.seal_key = '';
      update charge_window set decline_code = 'x' where window_id = 1
      """

    @Test func whoHasNotTheKeyChangesNothingAndStillFindsWhatWasWrittenByHand() async throws {
      try await MoneyProofTests.with { house in
        try await Self.asOwner(house) { owner in
          let audit = try await LedgerAuditor(
            store: Store(pool: owner), city: house.city.current
          ).run(.books)
          #expect(audit.isSound && audit.stampsUnchecked > 0, "\(audit.findings)")
          let refused = try await Self.refusal("update payout set minor = minor + 1", on: owner)
          #expect(refused == "payout is written by kvytok alone")
          _ = try await Self.refusal(
            "\(Self.byHand); update payout set message_id = message_id, minor = minor + 1",
            on: owner)
          // What is written over by the program later stays known.
          try await house.script("update payout set minor = minor - 1")
          for store in [Store(pool: owner), house.store] {
            let audit = try await LedgerAuditor(store: store, city: house.city.current).run(.books)
            #expect(audit.findings.count == 1)
            #expect(audit.findings.first?.hasPrefix("payout 1 was written by hand") == true)
          }
        }
        let own = try await house.fullAudit()
        #expect(own.stampsUnchecked == 0)
      }
    }

    @Test func aMonthClosedBeforeATableLeftDigestsStillProves() async throws {
      try await MoneyProofTests.with { house in
        let late: Set<String> = [MoneyTable.tariffVersion.rawValue, MoneyTable.setting.rawValue]
        let kept = try await house.store.read { db in try await db.periods.trees(of: "2026-11") }
          .map(\.tree).filter { !late.contains($0.table) }
        let root = PeriodProof(
          period: "2026-11", previousRoot: PeriodProof.first, trees: kept
        ).root
        // As a program closed it that knew nothing of prices and settings.
        let names = late.map { "'\($0)'" }.joined(separator: ", ")
        try await house.script(
          House.forging(
            """
            delete from period_tree where table_name in (\(names));
            update accounting_period set root = decode('\(hexText(root))', 'hex')
            where period = '2026-11';
            update row_seal set period = null where table_name in (\(names))
            """))
        let sound = try await house.fullAudit()
        #expect(sound.isSound, "\(sound.findings)")
        // A tree that is only gone is missed.
        try await house.script(
          House.forging("update row_seal set period = '2026-11' where table_name = 'setting'"))
        let audit = try await house.fullAudit()
        #expect(audit.findings == ["period 2026-11: the tree of setting is missing"])
      }
    }
  }
}
