import DatabaseSupport
import Postgres
import Store
import Testing

extension StoreSuite {
  @Suite struct Schema {
    @Test func theWholeSchemaIsWhatAllMigrationsLeave() async throws {
      let migrated = try await withStore { _, pool in try await catalog(of: pool) }
      let whole = try packageFile("Sources/Store/Schema/whole.sql")
      let written = try await LeasedDatabase.with([]) { pool in
        try await pool.session { connection in try await connection.script(whole) }
        return try await catalog(of: pool)
      }
      #expect(migrated.count > 200)
      let missing = Set(migrated).subtracting(written).sorted()
      let surplus = Set(written).subtracting(migrated).sorted()
      #expect(missing.isEmpty, "Schema/whole.sql lacks what the migrations make")
      #expect(surplus.isEmpty, "Schema/whole.sql has what no migration makes")
    }

    @Test func migratingTwiceIsHarmless() async throws {
      try await LeasedDatabase.with([]) { pool in
        let first = try await Store.migrate(pool)
        let before = try await catalog(of: pool)
        let second = try await Store.migrate(pool)
        let after = try await catalog(of: pool)
        let names = try SchemaMigrations.all().map(\.name)
        #expect(first == names)
        #expect(second.isEmpty)
        #expect(before == after)
      }
    }

    @Test func devicesOfBeforeKeepTheirKeysAndVehicles() async throws {
      let before = try SchemaMigrations.all().filter { $0.name < "0003" }
      try await LeasedDatabase.with(before) { pool in
        try await pool.run(
          """
          insert into device (device_id, vehicle, state, public_key, enrolled_at, activated_at,
            revoked_at) values
            ('V-1', '1603', 'active', decode(repeat('01', 32), 'hex'), '2026-01-01Z', '2026-01-02Z',
              null),
            ('V-2', null, 'revoked', decode(repeat('02', 32), 'hex'), '2026-01-01Z', '2026-01-02Z',
              '2026-02-01Z'),
            ('V-3', '1701', 'enrolled', null, '2026-01-01Z', null, null)
          """)
        try await Store.migrate(pool)
        let keys = try await pool.texts(
          """
          select concat_ws(' ', device_id, valid_from at time zone 'UTC',
            accepted_until at time zone 'UTC', end_reason)
          from device_key order by 1
          """)
        #expect(
          keys == [
            "V-1 2026-01-02 00:00:00", "V-2 2026-01-02 00:00:00 2026-02-01 00:00:00 revoked",
          ])
        let places = try await pool.texts(
          "select device_id || ' ' || vehicle from device_assignment order by 1")
        #expect(places == ["V-1 1603", "V-3 1701"])
      }
    }

    @Test func whatStoredValueDidNotPayBeforeIsMarkedAndPaidAnew() async throws {
      let before = try SchemaMigrations.all().filter { $0.name < "0027" }
      try await LeasedDatabase.with(before) { pool in
        // Rider 1 has a card and no account, rider 2 a QR code and one, rider 3 a bank card, and the
        // card of rider 4 carries a pass.
        _ = try await pool.session { db in
          try await db.script(
            """
            insert into rider select ('00000000-0000-0000-0000-00000000000' || n)::uuid, 0, now()
            from generate_series(1, 4) n;
            insert into wallet_account (rider_id, lane, currency, opened_at)
            values ('00000000-0000-0000-0000-000000000002', 0, 'UAH', now());
            insert into fare_day (lane, rider_id, fare_day, rated_at)
            select 0, rider_id, '2026-11-22', now() from rider;
            insert into ride (fare_day, lane, rider_id, run_id, started_at, device_id, epoch, seq, riders,
              category, product, medium, currency, nominal_minor, charged_minor, tariff_version, reason)
            select '2026-11-22', 0, ('00000000-0000-0000-0000-00000000000' || n)::uuid, 1, now(), 'V-1', 1,
              n, 1, 'adult', 'ride', m, 'UAH', 800, c, 'test', '{}'
            from (values (1, 'card', 800), (2, 'qr', 800), (3, 'bank', 800), (4, 'card', 0)) v(n, m, c);
            insert into tap (fare_day, lane, rider_id, tapped_at, device_at, device_id, epoch, seq, medium_id,
              kind, medium, riders, accepted, batch_id, received_at)
            select fare_day, lane, rider_id, started_at, started_at, device_id, epoch, seq, rider_id,
              'single', medium, 1, true, 1, now()
            from ride;
            insert into tap_sum (fare_day, lane, accepted, denied)
            values ('2026-11-22', 3, 3, 0), ('2026-11-22', 5, 1, 0);
            """)
        }
        try await Store.migrate(pool)
        #expect(
          try await pool.texts(
            "select concat_ws(' ', right(rider_id::text, 1), owes, stale_cause) from fare_day order by 1"
          )
            == ["1 t", "2 f medium", "3 f", "4 f"])
        #expect(
          try await pool.texts("select lane || ' ' || stored_value from tap_sum order by 1")
            == ["3 3", "5 0"])
      }
    }

    /// Free rides that were rated before say so in their reason; reduced ones do not.
    @Test func freeRidesOfBeforeAreCountedAlsoInAClosedMonth() async throws {
      let before = try SchemaMigrations.all().filter { $0.name < "0028" }
      try await LeasedDatabase.with(before) { pool in
        let rows = """
          insert into clearing_run (lane, accounting_date, started_at, rider_days, taps, rides_added,
            rides_reversed) values (0, '2026-11-20', now(), 1, 3, 3, 0),
            (0, '2026-11-21', now(), 1, 0, 0, 1);
          insert into ride (fare_day, lane, rider_id, run_id, reversed_run_id, started_at, device_id,
            epoch, seq, riders, category, product, medium, currency, nominal_minor, charged_minor,
            tariff_version, reason)
          select '2026-11-19', 0, '00000000-0000-0000-0000-000000000001', 1, gone, now(), 'V-1', 1, n,
            2, category, 'ride', 'card', 'UAH', 800, charged, 'test-1',
            format('{"currency":"UAH","steps":[{"code":"%s","rule":"x","minor":800}]}', code)
          from (values (1, 'pensioner', 0, 'free_category', null),
            (2, 'pensioner', 0, 'free_category', 2), (3, 'pupil', 400, 'price', null))
            as r (n, category, charged, code, gone);
          insert into ride_sum
          select '2026-11-19', date, 0, '', '', '', category, 'ride', 'card', 'UAH', 'test-1', n, 2 * n,
            n, 0, 0, 0, 800 * n, 0
          from (values (date '2026-11-20', 'pensioner', 2), ('2026-11-21', 'pensioner', -1),
            ('2026-11-20', 'pupil', 1)) as s (date, category, n);
          update accounting_period set state = 'closing', closing_at = now(), closing_by = 'x';
          """
        _ = try await pool.session { db in try await db.script(rows) }
        try await Store.migrate(pool)
        let sums = try await pool.texts(
          """
          select concat_ws(' ', accounting_date, category, concession_rides, free_people,
            reduced_people, concession_minor)
          from ride_sum order by 1
          """)
        #expect(
          sums == [
            "2026-11-20 pensioner 2 2 0 1600", "2026-11-20 pupil 0 0 0 0",
            "2026-11-21 pensioner -1 -1 0 -800",
          ])
        // The month is as closed as it was.
        await #expect(throws: (any Error).self) {
          try await pool.run("update ride_sum set rides = rides + 1")
        }
      }
    }

    /// Money by bank card of before: two top-ups under one name, a pass that went back, a refund that was
    /// kept in part, and a dispute that a file opened.
    private static let cardMoney = """
      insert into account values ('1120', 'е', 'a', 'asset'), ('2200', 'к', 's', 'liability'),
        ('2210', 'а', 'd', 'liability');
      insert into entry (accounting_date, currency, kind, description, digest, created_at)
      select '2026-11-20', 'UAH', k, '', '', now()
      from unnest(array['top_up', 'top_up', 'refund', 'sale', 'refund']) k;
      insert into posting (entry_id, line, account, debit_minor, credit_minor)
      values (5, 1, '2210', 700, 0), (5, 2, '1120', 0, 700);
      insert into rider values ('00000000-0000-0000-0000-000000000001', 0, now());
      insert into wallet_account (rider_id, lane, currency, balance_minor, opened_at)
      select rider_id, 0, 'UAH', 900, now() from rider;
      insert into wallet_movement (account_id, kind, amount_minor, balance_minor, moved_at,
        accounting_date, entry_id, channel, reference, actor)
      select 1, k, m, 0, now(), '2026-11-20', e, 'acquirer', r, 'x'
      from (values ('top_up', 500, 1, 'A1'), ('top_up', 600, 2, 'A1'), ('refund', -200, 3, null))
        as v (k, m, e, r);
      insert into product_holding (rider_id, lane, product, category, tariff_version, sold_at,
        granted_at, granted_day, starts_at_first_use, days, is_calendar_month, state, returned_on,
        currency, price_minor, refunded_minor, channel, reference, actor, entry_id, refund_entry_id,
        idempotency_key)
      select rider_id, 0, 'month', 'adult', 'test', now(), now(), '2026-11-20', false, 30, false,
        'refunded', '2026-11-20', 'UAH', 700, 700, 'acquirer', 'A2', 'x', 4, 5, 'k' from rider;
      insert into charge_window (lane, rider_id, medium_id, fare_day, number, currency, state,
        amount_minor, due_minor, captured_minor, settled_minor, refunded_minor, charged_back_minor,
        closed_at)
      select 0, rider_id, rider_id, '2026-11-19', 0, 'UAH', 'settled', 800, 0, 800, 800, 500, 300,
        now() from rider;
      insert into charge_refund (window_id, minor, cause, state, created_at)
      values (1, 300, 'goodwill', 'settled', now()), (1, 200, 'goodwill', 'settled', now());
      insert into chargeback (case_id, window_id, minor, stage, opened_at)
      values ('CB1', 1, 300, 'opened', now());
      insert into acquirer_file (direction, name, number, digest, currency, records, gross_minor,
        fee_minor, at) values ('in', 'f', 1, '', 'UAH', 3, 600, 0, now());
      insert into acquirer_record (file_id, line, kind, reference, gross_minor, fee_minor, currency,
        value_date, category, window_id, refund_id, case_id, stage)
      select 1, n, k, 'x', m, 0, 'UAH', '2026-11-20', c, 1, r, d, s
      from (values (1, 'refund', 100, 'amount_differs', 1, null, null),
        (2, 'refund', 200, 'matched', 2, null, null),
        (3, 'chargeback', 300, 'matched', null, 'CB1', 'opened')) as v (n, k, m, c, r, d, s);
      """

    @Test func whatCameByBankCardBeforeGetsARowAndWhatWasKeptIsCounted() async throws {
      let before = try SchemaMigrations.all().filter { $0.name < "0031" }
      try await LeasedDatabase.with(before) { pool in
        _ = try await pool.session { db in try await db.script(Self.cardMoney) }
        try await Store.migrate(pool)
        #expect(
          try await pool.texts(
            """
            select concat_ws(' ', kind, reference, account_id, holding_id, minor, settled_minor)
            from acquirer_sale order by entry_id
            """) == [
              "payment movement 1 1 500 0", "payment movement 2 1 600 0",
              "refund movement 3 1 200 0", "payment A2 1 700 0",
              "refund return of holding 1 1 700 0",
            ])
        #expect(
          try await pool.texts(
            "select concat_ws(' ', refund_id, state, kept_minor) from charge_refund order by 1")
            == ["1 paid 100", "2 settled 200"])
        #expect(
          try await pool.texts(
            """
            select concat_ws(' ', kept_minor, paid_minor, refund_channel)
            from chargeback, product_holding
            """) == ["300 acquirer"])
        // Each row is as its digest says.
        for table in [MoneyTable.acquirerSale, .chargeRefund, .chargeback, .productHolding] {
          let differing = try await Store(pool: pool).read { db in
            try await db.rowSeals.rowsThatDiffer(in: table, countMax: 9)
          }
          #expect(differing == [], "\(table)")
        }
      }
    }

    /// A window that a desk took part of, one that a desk took whole and gave back, and one of the acquirer.
    private static let deskMoney = """
      insert into charge_window (lane, rider_id, medium_id, fare_day, number, currency, state,
        amount_minor, due_minor, captured_minor, settled_minor, refunded_minor, reference, closed_at)
      select 0, gen_random_uuid(), gen_random_uuid(), '2026-11-19', 0, 'UAH', 'captured', 800, 0, 800,
        s, f, r, now()
      from (values (300, 0, 'P1'), (800, 500, null), (0, 400, 'P2')) as v (s, f, r);
      insert into charge_event (window_id, at, kind, minor, detail, actor)
      values (1, now(), 'paid_at_desk', 100, 'cash', 'x'), (1, now(), 'paid_at_desk', 200, 'cash', 'x'),
        (1, now(), 'captured', 500, null, 'x'), (2, now(), 'paid_at_desk', 800, 'transfer', 'x');
      insert into charge_refund (window_id, minor, cause, state, fault, created_at)
      values (2, 300, 'rerated', 'failed', 'paid at a desk: pay it back there', now()),
        (2, 200, 'rerated', 'failed', '14', now()), (3, 300, 'goodwill', 'paid', null, now()),
        (3, 100, 'rerated', 'paid', null, now());
      update charge_window set charged_back_minor = 100 where window_id = 1;
      insert into chargeback (case_id, window_id, minor, stage, opened_at)
      values ('CB1', 1, 60, 'lost', now()), ('CB2', 1, 40, 'opened', now());
      """

    @Test func whatDesksTookAndWhatWasGoodwillBeforeIsCountedAndEachRowIsAsItsDigestSays()
      async throws
    {
      let before = try SchemaMigrations.all().filter { $0.name < "0037" }
      try await LeasedDatabase.with(before) { pool in
        _ = try await pool.session { db in try await db.script(Self.deskMoney) }
        try await Store.migrate(pool)
        #expect(
          try await pool.texts(
            """
            select concat_ws(' ', window_id, coalesce(desk_minor::text, 'none'),
              coalesce(desk_refunded_minor::text, 'none'), coalesce(goodwill_minor::text, 'none'))
            from charge_window order by 1
            """) == ["1 300 none none", "2 800 300 none", "3 none none 300"])
        // Of what banks took back, what was lost is known of each window too.
        #expect(
          try await pool.texts(
            "select concat_ws(' ', window_id, lost_minor) from charge_window where lost_minor > 0")
            == ["1 60"])
        for table in [MoneyTable.chargeWindow, .chargeEvent, .chargeRefund, .acquirerRecord] {
          let differing = try await Store(pool: pool).read { db in
            try await db.rowSeals.rowsThatDiffer(in: table, countMax: 9)
          }
          #expect(differing == [], "\(table)")
        }
      }
    }

    /// A currency had one account: a statement of it, whose first line paid a payout that a person had
    /// confirmed and whose second paid another one; a third was confirmed and is on no statement.
    private static let statements = """
      insert into account values ('1100', 'б', 'b', 'asset'), ('2150', 'п', 'p', 'liability');
      insert into entry (accounting_date, currency, kind, description, digest, created_at)
      select '2026-11-20', 'UAH', case when d like 'Con%' then 'concession' else 'payout' end, d, '',
        now()
      from unnest(array['Payment file M1 paid, written down by x', 'Statement 1, E2: payout 2',
        'Payment file M3 paid, written down by x', 'Concession claim 1 paid, written down by x',
        'Concession claim 11 paid, written down by x']) d;
      insert into bank_account values ('UAH', 'UA213223130000026007233566001', 'x', now());
      insert into bank_statement (currency, number, opening_day, closing_day, opening_minor,
        closing_minor, name, digest, taken_by, taken_at)
      values ('UAH', '1', '2026-11-20', '2026-11-20', 0, -300, 'f', '', 'x', now());
      insert into statement_line (statement_id, currency, reference, booked_on, minor, remittance,
        subject, subject_id, entry_id, book_entry_id)
      values (1, 'UAH', 'E1', '2026-11-20', -100, '', 'payout', 1, null, 1),
        (1, 'UAH', 'E2', '2026-11-20', -200, '', 'payout', 2, 2, null);
      insert into money_order (kind, subject, minor, currency, reason, proposed_by, proposed_at)
      select 'payout', 'tram', 100, 'UAH', 'r', 'x', now() from generate_series(1, 4);
      insert into payment_message
      select m, '', '', 1, 100, 'UAH', 'x', now() from unnest(array['M1', 'M2', 'M3', 'M4']) m;
      insert into payout (operator_id, currency, minor, through_date, state, order_id, message_id)
      select 'tram', 'UAH', 100, '2026-11-20', s, n, 'M' || n
      from (values (1, 'paid'), (2, 'paid'), (3, 'paid'), (4, 'sent')) v (n, s);
      insert into subsidy_claim (first_day, last_day, currency, state, created_by, created_at)
      values ('2026-11-01', '2026-11-02', 'UAH', 'paid', 'x', now());
      """

    @Test func statementsOfBeforeGetTheirAccountAndPayoutsTheEntryThatPaidThem() async throws {
      let before = try SchemaMigrations.all().filter { $0.name < "0033" }
      try await LeasedDatabase.with(before) { pool in
        _ = try await pool.session { db in try await db.script(Self.statements) }
        try await Store.migrate(pool)
        #expect(
          try await pool.texts(
            """
            select concat_ws(' ', a.iban, s.number, l.reference)
            from statement_line l join bank_statement s using (statement_id, bank_account_id)
            join bank_account a using (bank_account_id) order by l.line_id
            """) == [
              "UA213223130000026007233566001 1 E1", "UA213223130000026007233566001 1 E2",
            ])
        #expect(
          try await pool.texts(
            "select concat_ws(' ', payout_id, paid_entry_id) from payout order by payout_id")
            == ["1 1", "2 2", "3 3", "4"])
        #expect(try await pool.texts("select paid_entry_id::text from subsidy_claim") == ["4"])
        for table in [
          MoneyTable.bankAccount, .bankStatement, .statementLine, .payout, .subsidyClaim,
        ] {
          let differing = try await Store(pool: pool).read { db in
            try await db.rowSeals.rowsThatDiffer(in: table, countMax: 9)
          }
          #expect(differing == [], "\(table)")
        }
      }
    }

    /// A migration that adds a column to a sealed table has to seal it anew.
    @Test func eachSealedTableIsSealedByAllOfItsColumns() async throws {
      try await withStore { store, pool in
        let functions = """
          select pg_get_functiondef(tgfoid) from pg_trigger
          where tgname like '%_sealed_in' order by 1
          """
        let before = try await pool.texts(functions)
        #expect(before.count == MoneyTable.allCases.count)
        for table in MoneyTable.allCases {
          let (key, left) = (table.key.joined(separator: ","), table.leftOut.joined(separator: ","))
          _ = try await pool.texts(
            "select seal_columns('\(table.rawValue)', '\(key)', '\(left)')::text")
        }
        #expect(try await pool.texts(functions) == before)
      }
    }

    /// The proof makes digests by the server's own JSON, the triggers by putting texts together.
    @Test func theDigestsOfTheTriggersAreThoseOfTheProof() async throws {
      try await withStore { store, pool in
        for statement in [
          #"insert into setting values ('odd', E'"\\/\b\f\n\r\t\x01\x7f €🚎'), ('none', '')"#,
          "update setting set value = value || '''' where name = 'odd'",
          "insert into charge_day values ('2026-11-22', '2026-11-23 01:02:03.000004+05')",
          """
          insert into concession_rate
          values ('pupil', '', '2026-01-01', null, 'UAH', 1, 'olena', '2026-01-01Z')
          """,
          "update concession_rate set to_day = '2026-12-31', ride_minor = ride_minor + 2",
          "update concession_rate set changed_by = changed_by",
          "update concession_rate set category = 'student'",
        ] {
          try await pool.run(statement)
        }
        for table in [MoneyTable.setting, .chargeDay, .concessionRate] {
          let differing = try await store.read { db in
            try await db.rowSeals.rowsThatDiffer(in: table, countMax: 9)
          }
          #expect(differing == [])
        }
        let seals = try await pool.texts(
          "select row_key || ' ' || length(digest) from row_seal order by row_key, seal_id")
        #expect(
          seals == [
            "2026-11-22 32", "none 32", "odd 32", "odd 32", "pupil//2026-01-01/UAH 32",
            "pupil//2026-01-01/UAH 32", "pupil//2026-01-01/UAH 0", "student//2026-01-01/UAH 32",
          ])
      }
    }

    @Test func migrationsAreInTheOrderOfTheirNames()
      throws
    {
      let names = try SchemaMigrations.all().map(\.name)
      #expect(names.first == "0001-backbone")
      #expect(names == names.sorted())
    }

    @Test func anEntryThatDoesNotBalanceLeavesNothing() async throws {
      try await withStore { _, pool in
        try await pool.run(
          """
          insert into account values ('cash', 'Каса', 'Cash', 'asset'),
            ('fares', 'Доходи', 'Fares', 'income')
          """)
        let error = await #expect(throws: PostgresError.self) {
          try await pool.transaction { connection in
            try await connection.execute(
              """
              insert into entry (accounting_date, currency, kind, description, digest, created_at)
              values ('2026-11-22', 'UAH', 'test', 'unbalanced', '\\x00', now())
              """)
            try await connection.execute(
              """
              insert into posting (entry_id, line, account, debit_minor, credit_minor)
              select entry_id, line, account, debit, credit from entry,
                (values (1, 'cash', 100, 0), (2, 'fares', 0, 99)) v (line, account, debit, credit)
              """)
          }
        }
        #expect(error?.sqlState == PostgresError.checkViolation)
        #expect(try await pool.number("select count(*) from entry") == 0)
      }
    }
  }
}

/// Tables, columns in order, keys, indexes, functions and triggers, one line each.
private func catalog(of pool: PostgresPool) async throws -> [String] {
  let ours = "n.nspname = 'public' and c.relname <> 'schema_migration'"
  let queries = [
    """
    select format('column %s.%s %s %s null=%s default=%s identity=%s storage=%s', c.relname,
      row_number() over (partition by c.oid order by a.attnum), a.attname,
      format_type(a.atttypid, a.atttypmod), not a.attnotnull,
      coalesce(pg_get_expr(d.adbin, d.adrelid), ''), a.attidentity, a.attstorage)
    from pg_attribute a join pg_class c on c.oid = a.attrelid
    join pg_namespace n on n.oid = c.relnamespace
    left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
    where \(ours) and c.relkind in ('r', 'p', 'v', 'm') and a.attnum > 0 and not a.attisdropped
    """,
    """
    select format('table %s %s partitioned=%s bound=%s', c.relname, c.relkind,
      coalesce(pg_get_partkeydef(c.oid), ''), coalesce(pg_get_expr(c.relpartbound, c.oid), ''))
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where \(ours) and c.relkind in ('r', 'p', 'v', 'm')
    """,
    """
    select format('constraint %s %s %s', c.relname, k.conname, pg_get_constraintdef(k.oid))
    from pg_constraint k join pg_class c on c.oid = k.conrelid
    join pg_namespace n on n.oid = c.relnamespace where \(ours)
    """,
    """
    select 'index ' || indexdef from pg_indexes
    where schemaname = 'public' and tablename <> 'schema_migration'
    """,
    """
    select 'function ' || pg_get_functiondef(p.oid) from pg_proc p
    join pg_namespace n on n.oid = p.pronamespace where n.nspname = 'public'
    """,
    """
    select 'trigger ' || pg_get_triggerdef(t.oid) from pg_trigger t
    join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace
    where \(ours) and not t.tgisinternal
    """,
  ]
  var lines: [String] = []
  for query in queries { lines += try await pool.texts(query) }
  return lines.sorted()
}
