package import Basics
import Postgres
package import Tapping

extension StoreSession {
  /// How far the work has come, and what waits for a person.
  package var standing: StandingTables { StandingTables(connection: connection) }
}

/// Taps on their way from the journal to the fares.
package struct JournalStanding: Sendable, Equatable {
  /// Taps that were ever stored, impossible ones included.
  package var tapsStored: Int64 = 0
  package var duplicates: Int64 = 0
  /// Numbers that came again with other content.
  package var conflicts: Int64 = 0
  /// Impossible taps that a person has to release or discard.
  package var quarantined: Int64 = 0
  /// Impossible taps that a person turned down.
  package var discarded: Int64 = 0
  /// Impossible taps that a person let through, and that wait for the sorter.
  package var releasedUnsorted: Int64 = 0
  /// Batches that wait for the sorter.
  package var unsortedBatches = 0
  /// Taps in them.
  package var unsortedTaps: Int64 = 0
  /// When the oldest of them came.
  package var oldestUnsortedAt: Instant?
  /// Batches that the sorter could not read.
  package var setAsideBatches = 0
  /// Taps in them.
  package var setAsideTaps: Int64 = 0

  /// Taps that reached their rider.
  package var sortedTaps: Int64 {
    tapsStored - quarantined - discarded - releasedUnsorted - unsortedTaps - setAsideTaps
  }
}

/// Days that have to be worked out again: fares, boardings, alightings.
package struct BacklogStanding: Sendable, Equatable {
  /// Rider-days whose fares are not worked out.
  package var riderDays = 0
  package var oldestRiderDayAt: Instant?
  /// Vehicle-days whose boardings have no stop yet.
  package var vehicleDays = 0
  package var oldestVehicleDayAt: Instant?
  /// Rider-days whose alightings are not worked out.
  package var travelDays = 0
  package var oldestTravelDayAt: Instant?
}

/// Numbers that validators gave and that never came.
package struct GapStanding: Sendable, Equatable {
  /// A device with holes in its numbers.
  package struct DeviceHoles: Sendable, Equatable {
    package let device: String
    package let epoch: Int64
    /// Numbers missing.
    package let numbers: Int64
    /// The first of them.
    package let first: Int64
    package let lastReceivedAt: Instant
  }

  /// Numbers missing, of all devices.
  package var numbers: Int64 = 0
  /// Devices that miss any.
  package var devices = 0
  /// Those that miss most, at most ``StandingTables/worstMax``.
  package var worst: [DeviceHoles] = []
}

/// Validators by state, and those not heard of.
package struct ValidatorStanding: Sendable, Equatable {
  /// An active device that is not heard of.
  package struct Silent: Sendable, Equatable {
    package let device: String
    package let vehicle: String?
    /// nil: never heard of.
    package let lastReceivedAt: Instant?
  }

  package var counts: [DeviceState: Int] = [:]
  /// Active devices not heard of since a moment.
  package var silentCount = 0
  /// Those of them that fell silent last, who was never heard of at the end; at most ``StandingTables/worstMax``.
  package var silent: [Silent] = []
}

/// Positions of vehicles.
package struct PositionStanding: Sendable, Equatable {
  /// Positions of the service day.
  package var positionsOfDay: Int64 = 0
  /// Vehicles of which a position is newer than a moment.
  package var vehiclesHeard = 0
  package var vehiclesKnown = 0
  package var newestAt: Instant?
  package var newestReceivedAt: Instant?
}

/// Debits and credits of all accounts in one currency; equal in sound books.
package struct BookTotals: Sendable, Equatable {
  package let currency: Currency
  /// Minor units.
  package let debitMinor: Int64
  /// Minor units.
  package let creditMinor: Int64
  package let entries: Int

  /// Minor units by which the books are off.
  package var differenceMinor: Int64 { debitMinor - creditMinor }
}

/// How far the work has come, and what waits for a person.
package struct StandingTables {
  /// Devices named in a list of the worst.
  package static let worstMax = 20

  let connection: PostgresConnection

  /// What time it is by the database's clock.
  package func clock() async throws -> Instant {
    try await connection.query("select clock_timestamp()").only().timestamptz(0)
  }

  /// Taps on their way.
  package func journal() async throws -> JournalStanding {
    let stored = try await connection.query(
      """
      select coalesce(sum(taps_stored), 0)::int8 as stored,
        coalesce(sum(duplicates), 0)::int8 as duplicates,
        coalesce(sum(conflicts), 0)::int8 as conflicts
      from device_epoch
      """
    ).only()
    let quarantined = try await connection.query(
      """
      select count(*) filter (where state = 'held') as held,
        count(*) filter (where state = 'discarded') as discarded,
        count(*) filter (where state = 'released' and sorted_at is null) as released
      from tap_quarantine
      """
    ).only()
    let waiting = try await connection.query(
      """
      select false as is_set_aside, count(*) as batches, min(received_at) as oldest,
        coalesce(sum(taps), 0)::int8 as taps
      from unsorted_tap where not is_set_aside
      union all
      select true, count(*), null, coalesce(sum(taps), 0)::int8
      from unsorted_tap where is_set_aside
      """)
    var standing = JournalStanding()
    standing.tapsStored = try stored.int8("stored")
    standing.duplicates = try stored.int8("duplicates")
    standing.conflicts = try stored.int8("conflicts")
    standing.quarantined = try quarantined.int8("held")
    standing.discarded = try quarantined.int8("discarded")
    standing.releasedUnsorted = try quarantined.int8("released")
    for row in waiting {
      if try row.bool("is_set_aside") {
        standing.setAsideBatches = try row.int("batches")
        standing.setAsideTaps = try row.int8("taps")
      } else {
        standing.unsortedBatches = try row.int("batches")
        standing.unsortedTaps = try row.int8("taps")
        standing.oldestUnsortedAt = try row.timestamptzOrNil("oldest")
      }
    }
    return standing
  }

  /// What waits to be worked out, of some days; nil is all days.
  package func backlog(days: ClosedRange<Day>? = nil) async throws -> BacklogStanding {
    let bounds: [PostgresValue] = [
      .orNull(days?.lowerBound, PostgresValue.date), .orNull(days?.upperBound, PostgresValue.date),
    ]
    func waiting(_ table: String, _ column: String) async throws -> (count: Int, oldest: Instant?) {
      let row = try await connection.query(
        """
        select count(*), min(stale_since) from \(table) where stale_since is not null
          and ($1::date is null or \(column) >= $1) and ($2::date is null or \(column) <= $2)
        """, bounds
      ).only()
      return (try row.int(0), try row.timestamptzOrNil(1))
    }
    var standing = BacklogStanding()
    (standing.riderDays, standing.oldestRiderDayAt) = try await waiting(
      "rider_day_waiting", "fare_day")
    (standing.vehicleDays, standing.oldestVehicleDayAt) =
      try await waiting("vehicle_day", "service_day")
    (standing.travelDays, standing.oldestTravelDayAt) = try await waiting("travel_day", "fare_day")
    return standing
  }

  /// Numbers that never came while later ones did; past what 64 bits hold the sum stays there.
  ///
  /// One number that is misread by a device can open a hole of nearly all there are.
  package func gaps() async throws -> GapStanding {
    let rows = try await connection.query(
      """
      with holes as (
        select device_id, epoch, last_received_at,
          int8multirange(int8range(1, greatest(upper(seen), 1))) - seen as missing
        from device_epoch where not isempty(seen)),
      counted as (
        select device_id, epoch, last_received_at, lower(missing) as first,
          (select sum(upper(r) - lower(r))::int8 from unnest(missing) r) as numbers
        from holes where not isempty(missing))
      select *, \(WideSums.held("sum(numbers) over ()")) as all_numbers,
        (select count(distinct device_id) from counted) as all_devices
      from counted order by numbers desc, device_id, epoch limit $1
      """, [.int8(Int64(Self.worstMax))])
    var standing = GapStanding()
    for row in rows {
      standing.numbers = try row.int8("all_numbers")
      standing.devices = try row.int("all_devices")
      standing.worst.append(
        GapStanding.DeviceHoles(
          device: try row.text("device_id"), epoch: try row.int8("epoch"),
          numbers: try row.int8("numbers"), first: try row.int8("first"),
          lastReceivedAt: try row.timestamptz("last_received_at")))
    }
    return standing
  }

  /// Validators by state, and the active ones not heard of since a moment: by no batch, no heartbeat and no
  /// position; each in the vehicle in which it is now.
  package func validators(
    silentSince moment: Instant, at now: Instant
  ) async throws -> ValidatorStanding {
    var standing = ValidatorStanding()
    for row in try await connection.query("select state, count(*) from device group by state") {
      let state: DeviceState = try row.word("state")
      standing.counts[state] = try row.int(1)
    }
    let rows = try await connection.query(
      """
      with d as (
        select d.device_id, contact.at, count(*) over () as silent_count
        from device d \(DeviceContacts.joined)
        where d.state = 'active' and (contact.at is null or contact.at < $1)
        order by contact.at desc nulls last, d.device_id limit $3)
      select d.device_id, place.vehicle, d.at, d.silent_count
      from d \(DeviceContacts.placed(at: "$2", among: "d"))
      order by d.at desc nulls last, d.device_id
      """, [.timestamptz(moment), .timestamptz(now), .int8(Int64(Self.worstMax))])
    standing.silentCount = try rows.first?.int("silent_count") ?? 0
    standing.silent = try rows.map { row in
      ValidatorStanding.Silent(
        device: try row.text("device_id"), vehicle: try row.textOrNil("vehicle"),
        lastReceivedAt: try row.timestamptzOrNil("at"))
    }
    return standing
  }

  /// Positions of a service day, and vehicles heard of since a moment.
  package func positions(day: Day, heardSince moment: Instant) async throws -> PositionStanding {
    let count = try await connection.query(
      "select count(*) from position where service_day = $1", [.date(day)]
    ).only()
    let now = try await connection.query(
      """
      select count(*) as known, count(*) filter (where at >= $1) as heard, max(at) as newest,
        max(received_at) as received
      from vehicle_now
      """, [.timestamptz(moment)]
    ).only()
    return PositionStanding(
      positionsOfDay: try count.int8(0), vehiclesHeard: try now.int("heard"),
      vehiclesKnown: try now.int("known"), newestAt: try now.timestamptzOrNil("newest"),
      newestReceivedAt: try now.timestamptzOrNil("received"))
  }

  /// Both sides of the books, by currency.
  package func bookTotals() async throws -> [BookTotals] {
    let rows = try await connection.query(PostingSums.bookTotals)
    return try rows.map { row in
      BookTotals(
        currency: try row.currency("currency"), debitMinor: try row.int8("debit"),
        creditMinor: try row.int8("credit"), entries: try row.int("entries"))
    }
  }
}
