import Basics
import Postgres
import Testing
import Transit

extension World {
  /// Cards on which nobody put money, and an account that is short and below nothing.
  private func addStoredValue() async throws {
    try await script(
      """
      insert into fare_day (lane, rider_id, fare_day, rated_at, owes)
      select lane, rider_id, fare_day, now(), true from ride
      where reversed_run_id is null and charged_minor > 0 and medium = 'card';
      insert into rider values ('00000000-0000-0000-0000-0000000000aa', 0, now());
      insert into wallet_account (rider_id, lane, currency, balance_minor, denied_since, opened_at)
        values ('00000000-0000-0000-0000-0000000000aa', 0, 'UAH', -250, '2026-11-23', now());
      insert into wallet_day values (1, '2026-11-22', 500, 400), (1, '2026-11-23', 900, 300);
      """)
  }

  /// Money of two operators in every table that a report reads.
  func addMoney() async throws {
    // Some are paid by bank card, and those of pupils came late.
    try await add(TestRide.many(400, seed: 21), withBankCards: true)
    try await script(
      """
      insert into clearing_run (run_id, lane, accounting_date, started_at, rider_days, taps,
        rides_added, rides_reversed, windowed_at) overriding system value
      select n, 0, '2026-11-23', now(), 0, 0, 0, 0, now() from generate_series(1, 2) n;
      update ride_sum set accounting_date = fare_day + 9, late_rides = rides
      where category = 'pupil';
      """)
    try await addStoredValue()
    try await script(
      """
      insert into account values ('1120', 'е', 'a', 'asset'), ('1200', 'в', 'r', 'asset'),
        ('2100', 'п', 'o', 'liability'), ('2220', 'п', 'r', 'liability');
      insert into device (device_id, state, enrolled_at)
        values ('V-1', 'enrolled', now()), ('V-2', 'enrolled', now());
      insert into device_epoch (device_id, epoch, seen, taps_stored, duplicates, conflicts,
        quarantined, last_received_at, last_sent_at)
        values ('V-1', 1, '{[1,5),[7,9)}', 6, 3, 1, 2, now(), now());
      insert into charge_window (lane, rider_id, medium_id, fare_day, number, currency, state,
        amount_minor, due_minor, captured_minor, settled_minor, declined_at, closed_at, tries,
        refunded_minor, charged_back_minor)
      select lane, rider_id, rider_id, fare_day, 0, currency, case when n % 3 = 0 then 'retrying'
          else 'captured' end, 800, case when n % 3 = 0 then 800 else 0 end,
        case when n % 3 = 0 then 0 else 800 end, case when n % 3 = 1 then 800 else 0 end,
        case when n % 3 = 0 then fare_day - (n || ' days')::interval end,
        '2026-11-23T12:00Z'::timestamptz, 1,
        case when n = 1 then 100 else 0 end, case when n = 4 then 300 else 0 end
      from (select *, row_number() over (order by ride_id) as n from ride
        where reversed_run_id is null and charged_minor > 0 and fare_day = '2026-11-23'
          and seq % 10 <> 0) r;
      insert into charge_refund (window_id, minor, cause, state, created_at)
        values (1, 100, 'goodwill', 'paid', now());
      insert into chargeback (case_id, window_id, minor, stage, opened_at)
        values ('C-1', 4, 300, 'opened', now());
      insert into acquirer_file (direction, name, number, digest, currency, records, gross_minor,
        fee_minor, at) values ('in', 'f', 1, '\\x00', 'UAH', 3, 2400, 30, now());
      insert into acquirer_record (file_id, line, kind, reference, gross_minor, fee_minor,
        currency, value_date, category, window_id)
      values (1, 1, 'capture', 'a', 800, 10, 'UAH', '2026-11-23', 'matched', 1),
        (1, 2, 'capture', 'b', 800, 10, 'UAH', '2026-11-23', 'unknown', null),
        (1, 3, 'capture', 'a', 800, 10, 'UAH', '2026-11-23', 'twice', 1);
      insert into charge_sum (fare_day, currency, windows, amount_minor, authorised_windows,
        authorised_minor, captured_windows, captured_minor, settled_windows, settled_minor,
        unsettled_windows)
      select fare_day, currency, count(*), sum(amount_minor), count(*) filter (where captured_minor > 0),
        sum(captured_minor), count(*) filter (where captured_minor > 0), sum(captured_minor),
        count(*) filter (where settled_minor > 0), sum(settled_minor),
        count(*) filter (where captured_minor > settled_minor)
      from charge_window group by 1, 2;
      insert into acquirer_sum (fare_day, category, kind, currency, file_id, records, gross_minor, fee_minor)
        values ('2026-11-23', 'matched', 'capture', 'UAH', 1, 1, 800, 10),
          ('2026-11-23', 'unknown', 'capture', 'UAH', 1, 1, 800, 10),
          ('2026-11-23', 'twice', 'capture', 'UAH', 1, 1, 800, 10);
      insert into subsidy_claim (first_day, last_day, currency, state, created_by, created_at)
        values ('2026-11-01', '2026-11-30', 'UAH', 'awaiting', 'x', now());
      insert into subsidy_line values (1, 'north', 'pupil', 7, 5600), (1, 'south', 'pupil', 9, 7200);
      insert into entry (accounting_date, fare_day, currency, kind, description, digest, created_at)
        values ('2026-11-23', '2026-11-23', 'UAH', 'fares', '', '', now()),
          ('2026-11-23', '2026-11-23', 'UAH', 'refund', '', '', now());
      insert into posting (entry_id, line, account, operator_id, debit_minor, credit_minor)
        values (1, 1, '1200', null, 1500, 0), (1, 2, '2100', 'north', 0, 700),
          (1, 3, '2100', 'south', 0, 800), (2, 1, '2100', 'south', 100, 0),
          (2, 2, '1120', null, 0, 100);
      """)
    try await addStatement()
    try await addHappenings()
  }

  /// The bank has the money of the funding file, and a receipt that nobody knows.
  private func addStatement() async throws {
    try await script(
      """
      insert into account values ('1100', 'б', 'b', 'asset'), ('2290', 'н', 'u', 'liability');
      insert into entry (entry_id, accounting_date, currency, kind, description, digest, created_at)
        overriding system value
        values (103, '2026-11-23', 'UAH', 'correction', 'file', '', now()),
          (104, '2026-11-23', 'UAH', 'bank', 'line', '', now()),
          (105, '2026-11-23', 'UAH', 'top_up', 'not seen at the bank', '', now());
      insert into posting (entry_id, line, account, debit_minor, credit_minor)
        values (103, 1, '1100', 790, 0), (103, 2, '1120', 0, 790), (104, 1, '1100', 500, 0),
          (104, 2, '2290', 0, 500), (105, 1, '1100', 70, 0), (105, 2, '2220', 0, 70);
      insert into bank_account values ('UAH', 'UA1', 'x', now());
      insert into bank_statement (currency, number, opening_day, closing_day, opening_minor,
        closing_minor, name, digest, taken_by, taken_at, bank_account_id)
        values ('UAH', '1', '2026-11-23', '2026-11-23', 1000, 2290, 'f', '', 'x', now(), 1);
      insert into statement_line (statement_id, currency, reference, booked_on, minor, remittance,
        subject, subject_id, entry_id, book_entry_id, bank_account_id)
        values (1, 'UAH', 'E1', '2026-11-23', 790, 'file 1', 'funding', 1, null, 103, 1),
          (1, 'UAH', 'E2', '2026-11-23', 500, 'for what', 'unknown', null, 104, null, 1);
      """)
  }

  /// What made the windows what they are, a claim that was refused, and what validators sent of two days.
  private func addHappenings() async throws {
    try await script(
      """
      insert into charge_event (window_id, at, kind, minor, actor, detail)
        select window_id, declined_at, 'declined', due_minor, 'acquirer', 'no_money, final'
        from charge_window where declined_at is not null
        union all
        select window_id, closed_at, 'captured', captured_minor, 'acquirer', null
        from charge_window where captured_minor > 0;
      insert into card_denial (medium_id, reason, denied_at, recovered_at, recovered_by) values
        (gen_random_uuid(), 'declined', '2026-11-23T10:00Z', '2026-11-23T10:30Z', 'tap'),
        (gen_random_uuid(), 'declined', '2026-11-23T10:00Z', '2026-11-23T11:30Z', 'tap'),
        (gen_random_uuid(), 'declined', '2026-11-22T22:00Z', '2026-11-23T08:00Z', 'tap'),
        (gen_random_uuid(), 'declined', '2026-11-21T10:00Z', '2026-11-22T10:00Z', 'tap'),
        (gen_random_uuid(), 'declined', '2026-11-23T20:00Z', null, null),
        (gen_random_uuid(), 'declined', '2026-11-23T21:00Z', '2026-11-24T09:00Z', 'desk'),
        (gen_random_uuid(), 'declined', '2026-11-23T23:00Z', null, null),
        (gen_random_uuid(), 'first_use', '2026-11-23T09:00Z', null, null);
      insert into subsidy_claim (first_day, last_day, currency, state, created_by, created_at)
        values ('2026-11-01', '2026-11-30', 'UAH', 'refused', 'x', now());
      insert into subsidy_line values (2, 'north', 'pupil', 3, 2400);
      insert into device_day (fare_day, device_id, route, accepted, denied, late_accepted,
        late_denied, last_late_at, latest_seconds)
      values ('2026-11-22', 'V-1', 'bus-1', 70, 7, 0, 0, null, null),
        ('2026-11-23', 'V-1', 'bus-1', 4, 1, 1, 0, '2026-11-25T08:00Z', 90000),
        ('2026-11-23', 'V-1', 'trol-2', 3, 0, 0, 0, null, null),
        ('2026-11-23', 'V-2', 'bus-1s', 5, 0, 2, 0, '2026-11-25T09:00Z', 90000),
        ('2026-11-23', 'V-2', '', 2, 0, 0, 0, null, null);
      """)
  }
}
