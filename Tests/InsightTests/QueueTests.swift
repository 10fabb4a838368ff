import Basics
import Insight
import Store
import Testing

extension InsightSuite {
  @Suite struct Queues {
    @Test func anEmptyServiceHasNothingInItsQueues() async throws {
      try await World.with { world in
        let standing = try await world.store.read { db in try await db.queues.standing(at: noon) }
        #expect(standing == QueueStanding())
      }
    }

    @Test func whatWaitsIsCountedWithTheAgeOfTheOldest() async throws {
      try await World.with { world in
        try await world.script(Self.waiting)
        let standing = try await world.store.read { db in try await db.queues.standing(at: noon) }
        let batches = WaitingThings(count: 2, oldestAt: noon.adding(seconds: -120))
        #expect(standing.unsortedBatches == batches)
        // A day that was marked and has a parcel waits once.
        let days = WaitingThings(count: 3, oldestAt: noon.adding(seconds: -1200))
        #expect(standing.riderDays == days)
        let held = WaitingThings(count: 1, oldestAt: noon.adding(seconds: -3600))
        #expect(standing.quarantinedTaps == held)
        // Those that are due later, or never, are not due.
        let windows = WaitingThings(count: 2, oldestAt: noon.adding(seconds: -600))
        #expect(standing.chargeWindows == windows)
        #expect(standing.setAsideTaps == 5)
      }
    }

    @Test func anAcquirerThatDoesNotAnswerIsSeenHoweverOftenItIsAsked() async throws {
      try await World.with { world in
        try await world.script(Self.waiting)
        // First asked two hours ago, and to be asked again in ten minutes.
        try await world.script(
          """
          update charge_window set asked_at = '2026-11-23T08:00Z', next_at = '2026-11-23T10:10Z'
          where window_id = (select min(window_id) from charge_window where next_at is not null)
          """)
        let standing = try await world.store.read { db in try await db.queues.standing(at: noon) }
        let asked = WaitingThings(count: 1, oldestAt: noon.adding(seconds: -7200))
        #expect(standing.askedWindows == asked)
      }
    }

    @Test func aLongQueueIsCountedUpToTheLimit() async throws {
      try await World.with { world in
        try await world.script(Self.waiting + Self.more)
        let standing = try await world.store.read { db in
          try await db.queues.standing(at: noon, countMax: 1)
        }
        // The oldest of all of them, which is in another lane than the one that is counted.
        let batches = WaitingThings(count: 1, oldestAt: noon.adding(seconds: -7200))
        #expect(standing.unsortedBatches == batches)
        let held = WaitingThings(count: 1, oldestAt: noon.adding(seconds: -3600))
        #expect(standing.quarantinedTaps == held)
        #expect(standing.riderDays.count == 1)
        // Of each of the two states one.
        #expect(standing.chargeWindows.count == 2)
        #expect(standing.setAsideTaps == 5)
      }
    }

    @Test func noTableThatGrowsIsReadWholeForTheQueues() async throws {
      try await World.with { world in
        let plans = try await world.store.read { db in try await db.queues.plans() }
        let text = plans.joined(separator: "\n")
        for index in [
          "tap_batch_unsorted", "tap_batch_set_aside", "fare_day_stale", "charge_window_due",
          "charge_window_asked",
          "tap_quarantine_held",
        ] {
          #expect(text.contains(index), "\(text)")
        }
        // But for parcels, which live for a minute.
        let whole = plans.filter { $0.contains("Seq Scan") && !$0.contains("tap_parcel") }
        #expect(whole.isEmpty, "\(text)")
      }
    }

    /// A second impossible tap, and a batch of another lane that waits for longer than all.
    private static let more = """
      insert into tap_batch (lane, device_id, epoch, seqs, fresh, quarantined, received_at, sent_at,
        body, signature, body_digest, sorted_at, sort_fault) values
        (2, 'V-1', 1, '{[41,42)}', '{[41,42)}', '{}', '2026-11-23T08:00Z', now(), '', '', '', null,
          null);
      insert into tap_quarantine values ('V-1', 1, 16, 'tap_in_future', '', '{}',
        '2026-11-23T09:30Z');
      """

    /// Times are beside noon, 2026-11-23T10:00Z.
    private static let waiting = """
      insert into device (device_id, state, public_key, enrolled_at)
      values ('V-1', 'active', decode(repeat('00', 32), 'hex'), now());
      insert into device_epoch (device_id, epoch, seen, taps_stored, last_received_at, last_sent_at)
      values ('V-1', 1, '{[1,41)}', 40, now(), now());
      insert into tap_batch (lane, device_id, epoch, seqs, fresh, quarantined, received_at, sent_at,
        body, signature, body_digest, sorted_at, sort_fault) values
        (1, 'V-1', 1, '{[1,10)}', '{[1,10)}', '{}', '2026-11-23T09:58Z', now(), '', '', '', null,
          null),
        (1, 'V-1', 1, '{[10,20)}', '{[10,20)}', '{[15,16)}', '2026-11-23T09:59Z', now(), '', '', '',
          null, null),
        (1, 'V-1', 1, '{[20,25)}', '{[20,25)}', '{}', '2026-11-23T09:00Z', now(), '', '', '', null,
          'cut off'),
        (1, 'V-1', 1, '{[25,41)}', '{[25,41)}', '{}', '2026-11-23T07:00Z', now(), '', '', '', now(),
          null);
      insert into tap_quarantine values ('V-1', 1, 15, 'tap_in_future', '', '{}',
        '2026-11-23T09:00Z');
      insert into rider values ('00000000-0000-0000-0000-000000000001', 1, now()),
        ('00000000-0000-0000-0000-000000000002', 1, now());
      insert into fare_day (lane, rider_id, fare_day, stale_since) values
        (1, '00000000-0000-0000-0000-000000000001', '2026-11-23', '2026-11-23T09:50Z'),
        (1, '00000000-0000-0000-0000-000000000001', '2026-11-22', '2026-11-23T09:55Z'),
        (1, '00000000-0000-0000-0000-000000000001', '2026-11-21', null);
      insert into tap_parcel (lane, fare_day, sorted_at, cause, riders, taps, tap_count, share)
      values (1, '2026-11-23', '2026-11-23T09:40Z', 'tap',
        '{00000000-0000-0000-0000-000000000001,00000000-0000-0000-0000-000000000002}', '', 3, 0);
      insert into charge_window (lane, rider_id, medium_id, fare_day, number, currency, state,
        amount_minor, due_minor, next_at, closed_at)
      select 0, gen_random_uuid(), gen_random_uuid(), '2026-11-22', 0, 'UAH', s, 800, 800, n, now()
      from (values ('closed', '2026-11-23T09:50Z'::timestamptz), ('retrying', '2026-11-23T09:55Z'),
        ('retrying', '2026-11-23T10:05Z'), ('debt', null)) v(s, n);
      """
  }
}
