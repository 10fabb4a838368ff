import Basics
import Postgres
import Store
import Testing

extension StoreSuite {
  @Suite struct Restores {
    @Test func numbersKnownOutsideAreNeverGivenAgainAfterARestore() async throws {
      try await withStore { store, pool in
        let next: @Sendable (String, String) async throws -> Int64 = { table, column in
          try await pool.number(
            "select nextval(pg_get_serial_sequence('\(table)', '\(column)'))")
        }
        for (table, column) in RestoreQueries.identities {
          #expect(try await next(table, column) == 1, "\(table)")
        }
        let base = try await store.write { try await $0.restores.begin(by: "olha", at: noon) }
        for (table, column) in RestoreQueries.identities {
          #expect(try await next(table, column) > RestoreQueries.aheadStandard, "\(table)")
        }
        let file = try await store.read { try await $0.acquirerFiles.nextNumber() }
        #expect(file == RestoreQueries.aheadStandard + 1)
        #expect(try await store.read { try await $0.denyList.base() } == base)
        let noted = try await store.read { try await $0.settings.find(RestoreQueries.setting) }
        #expect(noted?.contains("olha") == true && noted?.contains("1000000") == true)
        let held = try await store.read { try await $0.restores.hold() }
        #expect(held?.contains("olha") == true)
        // Again, another distance: farther still.
        _ = try await store.write {
          try await $0.restores.begin(by: "olha", ahead: 5_000_000, at: noon.adding(seconds: 9))
        }
        #expect(try await next("charge_window", "window_id") > 6_000_000)
      }
    }

    @Test func everyNumberOfTheSchemaMovesAheadOrSaysWhyNot() async throws {
      try await withStore { _, pool in
        let numbered = try await pool.texts(
          """
          select c.relname || '.' || a.attname
          from pg_attribute a join pg_class c on c.oid = a.attrelid
            left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
          where c.relnamespace = current_schema()::regnamespace and c.relkind in ('r', 'p')
            and not c.relispartition and a.attnum > 0 and not a.attisdropped
            and (a.attidentity <> '' or pg_get_expr(d.adbin, d.adrelid) like 'nextval(%')
          """)
        let moved = RestoreQueries.identities.map { "\($0.table).\($0.column)" }
        let kept = RestoreQueries.internalIdentities.map { "\($0.table).\($0.column)" }
        #expect((moved + kept).sorted() == numbered.sorted())
        for identity in RestoreQueries.internalIdentities {
          #expect(!identity.why.isEmpty, "\(identity.table)")
        }
      }
    }

    @Test func aRestoredDatabaseSaysWhatItStillKnows() async throws {
      try await withStore { store, _ in
        let state = try await store.read { try await $0.restores.state(at: noon) }
        #expect(state.newestBatchAt == nil && state.newestChargeAt == nil)
        #expect(state.closedThrough == nil && state.windowsToAsk == 0 && state.refundsToAsk == 0)
        #expect(state.windowsAuthorised == 0)
        #expect(state.tokensHolding == 0 && state.newestTokenAt == nil && state.devicesActive == 0)
        #expect(try await !store.read { try await $0.restores.isServed() })
      }
    }
  }
}
