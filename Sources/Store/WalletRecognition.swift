package import Basics
import Postgres

/// How fares of a product lie between operators.
package struct OperatorWeight: Sendable, Hashable {
  package let product: String
  package let currency: Currency
  /// Nil when the operator of the rides is not known.
  package let operatorID: String?
  /// Minor units of nominal fares.
  package let nominalMinor: Int64
}

/// A fare day on which a product of a rider carried a ride.
package struct CarriedDay: Sendable, Hashable {
  package let rider: RiderID
  package let product: String
  package let fareDay: Day

  /// The day of a ride; nil of one that no product carried.
  package init?(_ ride: borrowing RideRow) {
    guard !ride.product.isEmpty else { return nil }
    rider = ride.day.rider
    product = ride.product
    fareDay = ride.day.fareDay
  }
}

extension ProductTables {
  /// Riders of a page, after a rider: whose products have not earned their price or paid it back, and
  /// whose rides changed since they had.
  package func ridersToCount(after rider: RiderID?, countMax: Int) async throws -> [RiderID] {
    let rows = try await connection.query(
      """
      select rider_id from product_holding
      where recognised_minor + refunded_minor < price_minor and ($1::uuid is null or rider_id > $1)
      union select rider_id from product_recount where $1::uuid is null or rider_id > $1
      order by rider_id limit $2
      """, [.orNull(rider) { PostgresValue.identifier($0) }, .int8(Int64(countMax))])
    return try rows.map { try $0.identifier(0) }
  }

  /// Asks for riders to be counted anew whose product had earned its price before rides of it changed.
  ///
  /// One that was over before the day of the ride carried none of it. While products are counted, one
  /// that has not earned its price may have by the end, without these rides: it is asked for too.
  package func askRecount(after rides: Set<CarriedDay>) async throws {
    guard !rides.isEmpty else { return }
    let rides = Array(rides)
    // Until this transaction ends none begins to count.
    let isCounted = try await !connection.query(
      "select pg_try_advisory_xact_lock_shared($1, 0)",
      [.int4(StoreSession.laneLockClass + LanePurpose.counting.rawValue)]
    ).only().bool(0)
    try await connection.execute(
      """
      insert into product_recount
      select distinct h.rider_id
      from unnest($1::uuid[], $2::text[], $3::date[]) as c(rider_id, product, fare_day)
      join product_holding h using (rider_id, product)
      where (h.recognised_minor + h.refunded_minor >= h.price_minor or $4) and not h.is_void
        and h.granted_day <= c.fare_day and coalesce(h.valid_to >= c.fare_day, true)
      order by 1
      on conflict do nothing
      """,
      [
        .identifiers(rides.map { Optional($0.rider) }), .texts(rides.map { Optional($0.product) }),
        .dates(rides.map { Optional($0.fareDay) }), .bool(isCounted),
      ])
  }

  /// Waits for those who are changing rides of products; whoever changes one from now on, until the
  /// transaction ends, asks for a count of all that it may have been left out of.
  package func holdCounting() async throws {
    try await StoreSession(connection: connection).holdLanes(.counting, [0])
  }

  /// Asks for riders to be counted anew.
  package func askRecount(of riders: Set<RiderID>) async throws {
    guard !riders.isEmpty else { return }
    try await connection.execute(
      "insert into product_recount select unnest($1::uuid[]) on conflict do nothing",
      [.identifiers(riders.sorted().map(Optional.some))])
  }

  /// Takes note that riders are being counted; whoever changes a ride from now on asks anew.
  package func beginCount(of riders: [RiderID]) async throws {
    try await connection.execute(
      "delete from product_recount where rider_id = any($1)",
      [.identifiers(riders.map(Optional.some))])
  }

  /// The first day on which a product that is not yet earned may carry rides; nil without one.
  package func firstDeferredDay() async throws -> Day? {
    try await connection.query(
      """
      select min(granted_day) from product_holding
      where recognised_minor + refunded_minor < price_minor
      """
    ).only().dateOrNil(0)
  }

  /// Whether riders' days within some fare days wait for a rating.
  package func isAwaitingRating(within days: ClosedRange<Day>) async throws -> Bool {
    try await connection.query(
      """
      select exists (
        select from fare_day where stale_since is not null and fare_day between $1 and $2)
      """, [.date(days.lowerBound), .date(days.upperBound)]
    ).only().bool(0)
  }

  /// What products paid of the rides that they carried within some days, by operator, in the order
  /// of product and operator, the unknown one last.
  ///
  /// That is the nominal fare without that of companions, who pay themselves; for a pass that pays a part the
  /// part, of a ride whose ticket is paid the fees, and nothing where a transfer left less to pay than the pass
  /// would have.
  package func weights(within days: ClosedRange<Day>) async throws -> [OperatorWeight] {
    try await weights(
      """
      select r.product, r.currency, r.operator_id, sum(p.minor)::int8 as nominal
      from ride r cross join lateral (
        select case when a.steps like '%"code":"pass_part"%' then (
            select max((s ->> 'minor')::int8) from jsonb_array_elements(r.reason::jsonb -> 'steps') s
            where s ->> 'code' = 'pass_part')
          when a.steps like '%"code":"pass"%' or a.steps like '%"code":"trip%' then coalesce((
            select max((s ->> 'minor')::int8) from jsonb_array_elements(r.reason::jsonb -> 'steps') s
            where s ->> 'code' in ('pass', 'trip_transfer')),
            case when a.steps like '%"code":"on_ticket"%' then 0 else r.nominal_minor - coalesce((
              select max((s ->> 'minor')::int8)
              from jsonb_array_elements(r.reason::jsonb -> 'steps') s where s ->> 'code' = 'riders'), 0) end)
          else 0 end as minor
        from (select split_part(r.reason, ',"not_applied":', 1) as steps) a) p
      where r.fare_day between $1 and $2 and r.reversed_run_id is null
        and r.product in (select product from product_holding) and p.minor > 0
      group by 1, 2, 3 order by 1, 2, 3 nulls last
      """, days)
  }

  /// Nominal fares of all rides within some days, by operator; the product is empty.
  package func weightsOfAllRides(within days: ClosedRange<Day>) async throws -> [OperatorWeight] {
    try await weights(
      """
      select '' as product, r.currency, r.operator_id, sum(r.nominal_minor)::int8 as nominal
      from ride r
      where r.fare_day between $1 and $2 and r.reversed_run_id is null and r.nominal_minor > 0
      group by 2, 3 order by 2, 3 nulls last
      """, days)
  }

  private func weights(
    _ sql: String, _ days: ClosedRange<Day>
  ) async throws -> [OperatorWeight] {
    try await connection.query(sql, [.date(days.lowerBound), .date(days.upperBound)]).map { row in
      OperatorWeight(
        product: try row.text("product"), currency: try row.currency("currency"),
        operatorID: try row.textOrNil("operator_id"), nominalMinor: try row.int8("nominal"))
    }
  }

  /// Writes down what the products of a name earned on a fare day.
  package func addRecognition(
    _ day: Day, product: String, currency: Currency, minor: Int64, holdings: Int, sharedBy: String,
    entryID: Int64
  ) async throws {
    try await connection.execute(
      "insert into product_recognition values ($1, $2, $3, $4, $5, $6, $7)",
      [
        .date(day), .text(product), .text(currency.code), .int8(minor), .int4(Int32(holdings)),
        .text(sharedBy), .int8(entryID),
      ])
  }
}
