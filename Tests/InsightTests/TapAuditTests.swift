import Basics
import Insight
import Postgres
import Store
import Tapping
import Testing
import Transit

extension InsightSuite {
  @Suite struct TapAudits {
    private static let rider = "00000000-0000-0000-0000-0000000000a1"

    // V-1 in epoch 1: 1 is rated, 2 sorted, 3 in quarantine, 4 and 5 journalled, 6 set aside; 7 is
    // rated and has a conflict. Another epoch and another device have taps as well.
    private func fill(_ world: World) async throws {
      func tap(_ seq: Int64) throws -> Tap {
        Tap(
          seq: seq, at: try #require(Instant(iso8601: "2026-11-23T08:00:0\(seq)Z")), kind: .single,
          medium: .bank, token: [1], riders: 2, vehicle: "1603", route: "1", direction: 1)
      }
      let batch = TapBatch(
        device: "V-1", epoch: 1, sentAt: noon, denyListVersion: 17,
        taps: [try tap(3), try tap(4), try tap(5)])
      let lane = Lane.of(name: "V-1")
      try await world.script(
        """
        insert into rider values ('\(Self.rider)', 1, now());
        insert into tap_quarantine values ('V-1', 1, 3, 'tap_in_future', 'too late',
          '{"seq":3,"at":"2040-01-01T00:00:00Z","kind":"single","medium":"card","riders":3,\
        "result":"accepted","vehicle":"1607","lat":50}', now());
        insert into tap_conflict (device_id, epoch, seq, kept_digest, other_digest, other_content,
          received_at) values ('V-1', 1, 7, '', 'a', '{}', now()), ('V-1', 1, 7, '', 'b', '{}', now());
        insert into tap (fare_day, lane, rider_id, tapped_at, device_at, device_id, epoch, seq,
          medium_id, kind, medium, riders, accepted, vehicle, route, direction, batch_id, received_at)
        select d, 1, '\(Self.rider)', '2026-11-23T07:00Z', now(), v, e, s,
          '00000000-0000-0000-0000-0000000000c1', 'single', 'card', 1, true, '1603', '1', 0, 9, now()
        from (values (date '2026-11-23', 'V-1', 1, 1), ('2026-11-24', 'V-1', 1, 2),
          ('2026-11-23', 'V-1', 1, 7), ('2026-11-23', 'V-1', 2, 1), ('2026-11-23', 'V-2', 1, 1))
          as t(d, v, e, s);
        update tap set deny_list_version = 16 where device_id = 'V-1' and epoch = 1 and seq = 1;
        insert into fare_day (lane, rider_id, fare_day, stale_since, rated_at) values
          (1, '\(Self.rider)', '2026-11-23', null, now()),
          (1, '\(Self.rider)', '2026-11-24', now(), now());
        insert into ride (fare_day, lane, rider_id, run_id, reversed_run_id, started_at, device_id,
          epoch, seq, riders, category, product, medium, currency, nominal_minor, charged_minor,
          tariff_version, reason)
        select d, 1, '\(Self.rider)', 1, x, now(), 'V-1', 1, s, 1, 'adult', 'ride', 'card', 'UAH',
          800, c, 't', '{}'
        from (values (date '2026-11-23', null, 1, 800), ('2026-11-24', null, 7, 400),
          ('2026-11-23', 2, 7, 999)) as t(d, x, s, c);
        insert into boarding (fare_day, lane, rider_id, tapped_at, device_id, epoch, seq, riders,
          stop, stop_order, source, confidence, off_stop, off_stop_order, off_source, off_confidence)
        values ('2026-11-23', 1, '\(Self.rider)', now(), 'V-1', 1, 1, 1, 'a', 0, 'nearness', 0.5, 'c',
            2, 'next_boarding', 0.25),
          ('2026-11-23', 1, '\(Self.rider)', now(), 'V-1', 1, 7, 1, null, null, 'no_visits', 0, null,
            null, 'boarding_unplaced', null);
        """)
      _ = try await world.pool.session { db in
        try await db.execute(
          """
          insert into tap_batch (lane, device_id, epoch, seqs, fresh, quarantined, received_at,
            sent_at, body, signature, body_digest, sort_fault)
          values ($1, 'V-1', 1, '{[3,6)}', '{[3,6)}', '{[3,4)}', now(), now(), $2, '', '', null),
            ($1, 'V-1', 1, '{[6,7)}', '{[6,7)}', '{}', now(), now(), '', '', '', 'cut off'),
            ($1, 'V-1', 2, '{[9,10)}', '{[9,10)}', '{}', now(), now(), $2, '', '', null)
          """, [.int2(lane), .bytea(TapBatchJSON.encode(batch))])
      }
    }

    @Test func everyTapOfADeviceIsThereOnceWithItsState() async throws {
      try await World.with { world in
        try await fill(world)
        let page = try await world.desk.tapAudit(device: "V-1", epoch: 1)
        #expect(page.taps.map(\.seq) == [1, 2, 3, 4, 5, 6, 7])
        #expect(
          page.taps.map(\.state)
            == [.rated, .sorted, .quarantined, .journalled, .journalled, .setAside, .rated])
        #expect(page.next == nil)
        let lines = String(decoding: page.lines, as: UTF8.self).split(separator: "\n").map(
          String.init)
        // Lines of their own: long sums of literals in an expectation take the compiler many seconds.
        let first =
          #"{"seq":1,"at":"2026-11-23T07:00:00Z","state":"rated","medium":"card","riders":1,"#
          + #""vehicle":"1603","route":"1","direction":0,"deny_list_version":16,"stop":"a","#
          + #""source":"nearness","confidence":0.5,"off_stop":"c","off_source":"next_boarding","#
          + #""off_confidence":0.25,"charged_minor":800,"currency":"UAH"}"#
        #expect(lines.first == first)
        let third =
          #"{"seq":3,"at":"2040-01-01T00:00:00Z","state":"quarantined","#
          + #""fault":"tap_in_future","medium":"card","riders":3,"vehicle":"1607"}"#
        #expect(lines[2] == third)
        let fourth =
          #"{"seq":4,"at":"2026-11-23T08:00:04Z","state":"journalled","medium":"bank","#
          + #""riders":2,"vehicle":"1603","route":"1","direction":1,"deny_list_version":17}"#
        #expect(lines[3] == fourth)
        #expect(lines[5] == #"{"seq":6,"at":null,"state":"set_aside","fault":"cut off"}"#)
        // The ride that was booked anew on the next day counts, not the one reversed.
        #expect(page.taps[6].chargedMinor == 400)
        #expect(page.taps[6].conflicts == 2)
        #expect(page.taps[6].boarding?.source == "no_visits")
        #expect(page.taps[6].alighting?.source == "boarding_unplaced")
      }
    }

    /// The list keeps the last change of each medium: what was before it is not known.
    @Test func whetherTheMediumWasOnTheListIsToldWhereItIsCertain() async throws {
      try await World.with { world in
        try await fill(world)
        func told(_ version: Int64) async throws -> Bool? {
          try await world.script("update tap set deny_list_version = \(version) where seq = 1")
          return try await world.desk.tapAudit(device: "V-1", epoch: 1).taps[0].wasListed
        }
        try await world.script(
          """
          insert into medium (medium_id, rider_id, kind, first_seen_at, fingerprint) values
            ('00000000-0000-0000-0000-0000000000c1', '\(Self.rider)', 'card', now(), '\\x0102030405060708');
          insert into deny_list_version (version, made_at, added, removed)
          select n, now(), 1, 0 from generate_series(1, 18) n;
          """)
        #expect(try await told(16) == false)
        try await world.script("insert into deny_list values ('\\x0102030405060708', true, 16)")
        for (version, was) in [(15, nil), (16, true), (18, true), (19, nil)] as [(Int64, Bool?)] {
          let found = try await told(version)
          #expect(found == was, "version \(version)")
        }
        try await world.script("update deny_list set is_denied = false, version = 17")
        let lifted = [try await told(16), try await told(17)]
        #expect(lifted == [nil, false])
        // Versions from before a restore may have been others.
        try await world.script("insert into setting values ('deny_list_base', '18')")
        let restored = [try await told(17), try await told(18)]
        #expect(restored == [nil, false])
        // A medium whose name on the list is not known may be on it.
        try await world.script("update medium set fingerprint = null")
        #expect(try await told(18) == nil)
        // The empty list of before the first change is the same in every line.
        #expect(try await told(0) == false)
      }
    }

    @Test(arguments: 1...8)
    func pagesOfAnySizeMakeTheSameList(limit: Int) async throws {
      try await World.with { world in
        try await fill(world)
        let whole = try await world.desk.tapAudit(device: "V-1", epoch: 1)
        var taps: [TapTrace] = []
        var next: Int64? = -1
        while let after = next {
          let page = try await world.desk.tapAudit(
            device: "V-1", epoch: 1, after: after, limit: limit)
          #expect(page.taps.count <= limit)
          taps += page.taps
          next = page.next
        }
        #expect(taps == whole.taps)
      }
    }

    @Test func aDeviceNobodyKnowsHasNoTaps() async throws {
      try await World.with { world in
        let page = try await world.desk.tapAudit(device: "V-9", epoch: 1)
        #expect(page.taps.isEmpty && page.next == nil && page.lines.isEmpty)
      }
    }

    @Test func behindTheLastNumberThereIsNothing() async throws {
      try await World.with { world in
        let page = try await world.desk.tapAudit(device: "V-1", epoch: 1, after: .max)
        #expect(page.taps.isEmpty && page.next == nil)
      }
    }
  }
}
