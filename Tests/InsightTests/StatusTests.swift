import Basics
import Insight
import Ledger
import Store
import Tapping
import Testing

extension InsightSuite {
  @Suite struct Status {
    @Test func anEmptyServiceStandsStill() async throws {
      try await World.with { world in
        let status = try await world.desk.status(at: noon)
        #expect(status.journal.tapsStored == 0)
        #expect(status.journal.unsortedBatches == 0)
        #expect(status.journal.oldestUnsortedAt == nil)
        #expect(status.backlog.riderDays == 0)
        #expect(status.gaps.numbers == 0)
        #expect(status.books.isEmpty)
        #expect(status.lagSeconds == 0)
        #expect(!status.needsPerson)
        #expect(status.today.day == today)
        #expect(try await world.desk.days().isEmpty)
      }
    }

    @Test func whatWaitsIsCounted() async throws {
      try await World.with { world in
        try await world.script(Self.waiting)
        let status = try await world.desk.status(at: noon)
        #expect(status.journal.tapsStored == 40)
        #expect(status.journal.duplicates == 5)
        #expect(status.journal.conflicts == 1)
        #expect(status.journal.quarantined == 1)
        #expect(status.journal.unsortedBatches == 2)
        // 1 to 9 and 20 to 29 without the impossible 25.
        #expect(status.journal.unsortedTaps == 18)
        #expect(status.journal.oldestUnsortedAt == noon.adding(seconds: -120))
        #expect(status.journal.setAsideBatches == 1)
        #expect(status.journal.setAsideTaps == 5)
        #expect(status.journal.sortedTaps == 16)
        #expect(status.backlog.riderDays == 2)
        #expect(status.backlog.oldestRiderDayAt == noon.adding(seconds: -600))
        #expect(status.backlog.vehicleDays == 1)
        #expect(status.backlog.travelDays == 1)
        #expect(status.lagSeconds == 600)
        #expect(status.needsPerson)
        let one = try await world.store.read { db in
          try await db.standing.backlog(days: today...today)
        }
        #expect(one.riderDays == 1)
      }
    }

    @Test func holesInTheNumbersAreOpenFromOneOn() async throws {
      try await World.with { world in
        try await world.script(Self.waiting)
        let gaps = try await world.store.read { db in try await db.standing.gaps() }
        // V-1 misses 10 to 19 of epoch 1; V-2 misses 1 to 4 and 6 of epoch 7; V-3 misses nothing.
        #expect(gaps.numbers == 15)
        #expect(gaps.devices == 2)
        #expect(gaps.worst.map(\.device) == ["V-1", "V-2"])
        #expect(gaps.worst.map(\.numbers) == [10, 5])
        #expect(gaps.worst.map(\.first) == [10, 1])
      }
    }

    @Test func silentValidatorsAreTheActiveOnesNotHeardOf() async throws {
      try await World.with { world in
        try await world.script(Self.waiting)
        let status = try await world.desk.status(at: noon)
        #expect(status.validators.counts == [.active: 3, .enrolled: 1])
        #expect(status.validators.silent.map(\.device) == ["V-2", "V-3"])
        #expect(
          status.validators.silent.map(\.lastReceivedAt) == [noon.adding(seconds: -7200), nil])
        #expect(status.validators.silentCount == 2)
      }
    }

    @Test func positionsAndBooksAreSummed() async throws {
      try await World.with { world in
        try await world.script(Self.waiting)
        let status = try await world.desk.status(at: noon)
        #expect(status.positions.positionsOfDay == 2)
        #expect(status.positions.vehiclesKnown == 2)
        #expect(status.positions.vehiclesHeard == 1)
        #expect(status.positions.newestAt == noon.adding(seconds: -30))
        #expect(status.books.map(\.currency.code) == ["EUR", "UAH"])
        #expect(status.books.map(\.debitMinor) == [99, 800])
        #expect(status.books.map(\.differenceMinor) == [0, 0])
        #expect(status.books.map(\.entries) == [1, 1])
      }
    }

    @Test func theBooksAreReadFromTheirKeptSumsAndNoPostingIs() async throws {
      try await World.with { world in
        try await world.script(Self.waiting)
        // Whoever asks for a table that is away is told so.
        try await world.script("alter table posting rename to posting_away")
        let status = try await world.desk.status(at: noon)
        #expect(status.books.map(\.debitMinor) == [99, 800])
        let (all, before) = try await world.store.read { db in
          (
            try await db.books.trialBalance(through: nil),
            try await db.books.trialBalance(through: today.adding(days: -1))
          )
        }
        #expect(all.rows.map(\.key.account) == ["1200", "2100", "1200", "2100", "2100"])
        #expect(all.rows.map(\.sums.creditMinor) == [0, 99, 0, 300, 500])
        #expect(before.rows.isEmpty)
      }
    }

    @Test func aDayIsTheSumOfItsOperators() async throws {
      let rides = TestRide.many(300, seed: 6)
      try await World.with { world in
        try await world.add(rides)
        let figures = try await world.desk.figures(of: today)
        let standing = rides.filter { !$0.isReversed && $0.day == today && $0.currency == "UAH" }
        let total = try #require(figures.totals.first { $0.currency.code == "UAH" })
        #expect(total.chargedMinor == TestSums(standing).charged)
        #expect(total.rides == Int64(standing.count))
        let names = Set(figures.operators.map(\.name))
        #expect(names == ["Північ", "Південь", nil])
        let scoped = try await world.desk.figures(of: today, operatorID: "south")
        #expect(Set(scoped.operators.map(\.name)) == ["Південь"])
      }
    }

    @Test func daysThatHaveTapsAreListedNewestFirst() async throws {
      try await World.with { world in
        try await world.store.ensurePartitions(of: [today, today.adding(days: 1)])
        try await world.script(
          """
          insert into tap (fare_day, lane, rider_id, tapped_at, device_at, device_id, epoch, seq,
            medium_id, kind, medium, riders, accepted, batch_id, received_at)
          select d, 0, '00000000-0000-0000-0000-000000000001', now(), now(), 'V-1', 1, n,
            '00000000-0000-0000-0000-000000000002', 'single', 'card', 1, true, 1, now()
          from unnest('{2026-11-23, 2026-11-24, 2019-10-01, 2026-11-23}'::date[])
            with ordinality as t(d, n);
          """)
        let days = try await world.desk.days()
        #expect(days.map(\.description) == ["2026-11-24", "2026-11-23", "2019-10-01"])
        let one = try await world.store.read { db in try await db.reports.days(countMax: 1) }
        #expect(one == [today.adding(days: 1)])
      }
    }

    /// Something of everything that waits; times are beside noon, 2026-11-23T10:00Z.
    private static let waiting = """
      insert into device (device_id, state, public_key, enrolled_at) values
        ('V-1', 'active', decode(repeat('00', 32), 'hex'), now()),
        ('V-2', 'active', decode(repeat('00', 32), 'hex'), now()),
        ('V-3', 'active', decode(repeat('00', 32), 'hex'), now()),
        ('V-4', 'enrolled', null, now());
      insert into device_epoch (device_id, epoch, seen, taps_stored, duplicates, conflicts,
        last_received_at, last_sent_at) values
        ('V-1', 1, '{[1,10),[20,35)}', 38, 5, 1, '2026-11-23T09:59Z', '2026-11-23T09:59Z'),
        ('V-2', 7, '{[5,6),[7,8)}', 2, 0, 0, '2026-11-23T08:00Z', '2026-11-23T08:00Z'),
        ('V-2', 8, '{}', 0, 0, 0, '2026-11-23T07:00Z', '2026-11-23T07:00Z');
      insert into tap_batch (lane, device_id, epoch, seqs, fresh, quarantined, received_at, sent_at,
        body, signature, body_digest, sorted_at, sort_fault) values
        (1, 'V-1', 1, '{[1,10)}', '{[1,10)}', '{}', '2026-11-23T09:58Z', now(), '', '', '', null,
          null),
        (1, 'V-1', 1, '{[20,30)}', '{[20,30)}', '{[25,26)}', '2026-11-23T09:59Z', now(), '', '', '',
          null, null),
        (1, 'V-1', 1, '{[30,35)}', '{[30,35)}', '{}', '2026-11-23T09:00Z', now(), '', '', '', null,
          'cut off'),
        (1, 'V-2', 7, '{[5,6)}', '{[5,6)}', '{}', '2026-11-23T07:00Z', now(), '', '', '', now(),
          null);
      insert into tap_quarantine values ('V-1', 1, 25, 'tap_in_future', '', '{}', now());
      insert into rider values ('00000000-0000-0000-0000-000000000001', 1, now());
      insert into fare_day (lane, rider_id, fare_day, stale_since) values
        (1, '00000000-0000-0000-0000-000000000001', '2026-11-23', '2026-11-23T09:50Z'),
        (1, '00000000-0000-0000-0000-000000000001', '2026-11-22', '2026-11-23T09:55Z'),
        (1, '00000000-0000-0000-0000-000000000001', '2026-11-21', null);
      insert into vehicle_day (lane, vehicle, service_day, stale_since) values
        (1, '1603', '2026-11-23', '2026-11-23T09:55Z'), (1, '1604', '2026-11-23', null);
      insert into travel_day (lane, rider_id, fare_day, stale_since) values
        (1, '00000000-0000-0000-0000-000000000001', '2026-11-23', '2026-11-23T09:55Z');
      insert into position (service_day, lane, vehicle, at, latitude, longitude, device_id,
        received_at) values
        ('2026-11-23', 1, '1603', '2026-11-23T09:59Z', 50, 30, 'V-1', now()),
        ('2026-11-23', 1, '1603', '2026-11-23T09:58Z', 50, 30, 'V-1', now()),
        ('2026-11-22', 1, '1603', '2026-11-22T09:58Z', 50, 30, 'V-1', now());
      insert into vehicle_now (vehicle, at, latitude, longitude, received_at) values
        ('1603', '2026-11-23T09:59:30Z', 50, 30, '2026-11-23T09:59:31Z'),
        ('1604', '2026-11-23T08:00Z', 50, 30, '2026-11-23T08:00Z');
      insert into account values ('1200', 'в', 'r', 'asset'), ('2100', 'п', 'o', 'liability');
      insert into entry (accounting_date, currency, kind, description, digest, created_at)
        values ('2026-11-23', 'UAH', 'fares', '', '', now()),
          ('2026-11-23', 'EUR', 'fares', '', '', now());
      insert into posting (entry_id, line, account, operator_id, debit_minor, credit_minor) values
        (1, 1, '1200', '', 800, 0), (1, 2, '2100', 'north', 0, 300),
        (1, 3, '2100', 'south', 0, 500), (2, 1, '1200', '', 99, 0), (2, 2, '2100', '', 0, 99);
      """
  }
}
