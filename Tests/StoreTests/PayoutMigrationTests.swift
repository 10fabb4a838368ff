import DatabaseSupport
import Postgres
import Store
import Testing

extension StoreSuite {
  /// What stood before payouts had accounts, and rates had currencies in their names.
  @Suite struct PayoutMigration {
    private static let rows = """
      insert into money_order (kind, subject, minor, currency, reason, proposed_by, proposed_at)
      select 'payout', n, 100, 'UAH', 'r', 'x', now() from unnest(array['a', 'b', 'c', 'd']) n;
      insert into operator_account values ('a', 'A', 'UA903052992990004149123456789', null, 'x', now()),
        ('b', 'B', 'UA213223130000026007233566001', 'UNJSUAUKXXX', 'x', now()),
        ('c', 'C', 'DE89370400440532013000', null, 'x', now());
      insert into payment_message values ('M', '', '', 1, 100, 'UAH', 'x', now());
      insert into payout (operator_id, currency, minor, through_date, state, order_id, message_id)
      values ('a', 'UAH', 100, '2026-11-20', 'awaiting', 1, null),
        ('b', 'UAH', 100, '2026-11-20', 'approved', 2, null),
        ('c', 'UAH', 100, '2026-11-20', 'sent', 3, 'M'),
        ('d', 'UAH', 100, '2026-11-20', 'approved', 4, null);
      insert into concession_rate
      values ('pupil', '', '2026-01-01', null, 'UAH', 500, 'x', now()),
        ('pupil', 'a', '2026-01-01', '2026-12-31', 'EUR', 20, 'x', now()),
        ('student', '', '2026-01-01', null, 'UAH', 700, 'x', now());
      update concession_rate set ride_minor = 510 where category = 'pupil' and operator_id = '';
      alter table concession_rate disable trigger user;
      update concession_rate set ride_minor = 701 where category = 'student';
      alter table concession_rate enable trigger user;
      """

    private func migrated(
      _ body: @Sendable (PostgresPool, Store) async throws -> Void
    ) async throws {
      let before = try SchemaMigrations.all().filter { $0.name < "0039" }
      try await LeasedDatabase.with(before) { pool in
        _ = try await pool.session { db in try await db.script(Self.rows) }
        try await Store.migrate(pool)
        try await body(pool, Store(pool: pool))
      }
    }

    @Test func payoutsThatAreNotGivenToTheBankGetTheAccountThatStands() async throws {
      try await migrated { pool, store in
        #expect(
          try await pool.texts(
            """
            select concat_ws(' ', operator_id, account_name, account_iban, account_bic) from payout
            order by payout_id
            """) == [
              "a A UA903052992990004149123456789", "b B UA213223130000026007233566001 UNJSUAUKXXX",
              "c", "d",
            ])
        let differing = try await store.read { db in
          try await db.rowSeals.rowsThatDiffer(in: .payout, countMax: 9)
        }
        #expect(differing == [])
        let payees = try await store.read { db in try await db.orders.list(waitingOnly: false) }
          .map { $0.payee != nil }
        #expect(payees == [false, false, true, true])
      }
    }

    /// The rows are sealed under their new names; what was changed by hand before stays a finding.
    @Test func ratesOfBeforeAreSealedUnderTheirNewNamesAndAChangedOneIsStillNamed() async throws {
      try await migrated { pool, store in
        let differing = try await store.read { db in
          try await db.rowSeals.rowsThatDiffer(in: .concessionRate, countMax: 9)
        }
        #expect(
          differing == [
            "concession_rate student//2026-01-01/UAH was put in by no statement of the program"
          ])
        #expect(
          try await pool.texts(
            """
            select distinct on (row_key) row_key || ' ' || length(digest) from row_seal
            where table_name = 'concession_rate' order by row_key, seal_id desc
            """) == [
              "pupil//2026-01-01 0", "pupil//2026-01-01/UAH 32", "pupil/a/2026-01-01 0",
              "pupil/a/2026-01-01/EUR 32", "student//2026-01-01 0",
            ])
      }
    }
  }
}
