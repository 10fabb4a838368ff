import Ledger

/// The statements of the reports over rides, taps and devices.
extension ReportQuery {
  /// Rides booked, or taken back, after their fare day was closed.
  static let lateRidesSQL = """
    select fare_day, accounting_date, nullif(operator_id, '') as operator, currency,
      sum(late_rides)::int8 as rides, sum(charged_minor)::int8 as charged_minor
    from ride_sum
    where {day} between $1 and $2 and accounting_date > fare_day + 1
      and ($3::text is null or operator_id = $3)
    group by 1, 2, 3, 4 having sum(late_rides) <> 0 or sum(charged_minor) <> 0
    order by 1, 2, 3, 4 limit $4
    """

  /// Taps that came when their fare day was over for a day, by validator; of one operator: those on
  /// routes on which its rides were.
  static let lateDevicesSQL = """
    select device_id as device, fare_day, sum(late_accepted + late_denied)::int8 as taps,
      sum(late_accepted)::int8 as accepted, max(last_late_at) as last_received_at,
      round(max(latest_seconds) / 3600.0)::int8 as latest_hours
    from device_day d
    where fare_day between $1 and $2 and late_accepted + late_denied > 0
      and ($3::text is null or (fare_day, route) in \(routesOfOperator))
    group by 1, 2 order by 1, 2 limit $4
    """

  /// Fare days with the routes on which an operator had rides.
  private static let routesOfOperator = """
    (select fare_day, route from ride_sum
      where fare_day between $1 and $2 and operator_id = $3)
    """

  /// What free and reduced rides were worth, by operator and category.
  static let subsidyRidesSQL = """
    select nullif(operator_id, '') as operator, category, currency, sum(rides)::int8 as rides,
      sum(riders)::int8 as people, sum(free_rides)::int8 as free_rides,
      sum(reduced_rides)::int8 as reduced_rides, sum(nominal_minor)::int8 as nominal_minor,
      sum(charged_minor)::int8 as charged_minor,
      sum(nominal_minor - charged_minor)::int8 as taken_off_minor
    from ride_sum
    where {day} between $1 and $2 and ($3::text is null or operator_id = $3)
    group by 1, 2, 3 having sum(free_rides) <> 0 or sum(reduced_rides) <> 0
    order by 1, 2, 3 limit $4
    """

  /// What was claimed of the city for rides of the days, by claim, operator and category.
  static let subsidyClaimsSQL = """
    select c.claim_id::text as claim, c.first_day, c.last_day, c.state,
      l.operator_id as operator, l.category, c.currency, l.rides::int8 as rides,
      l.minor as claimed_minor
    from subsidy_claim c join subsidy_line l using (claim_id)
    where c.first_day <= $2 and c.last_day >= $1 and ($3::text is null or l.operator_id = $3)
    order by c.claim_id, l.operator_id, l.category limit $4
    """

  /// What rides would have brought at their single prices, and what they brought.
  static func withoutCapsSQL(by groups: String) -> String {
    let names = groups.split(separator: ", ").map { group in
      group == "operator_id" ? "nullif(operator_id, '') as operator" : String(group)
    }
    return """
      select \(names.joined(separator: ", ")), currency, sum(rides)::int8 as rides,
        sum(unknown_rides)::int8 as unknown_rides, sum(nominal_minor)::int8 as nominal_minor,
        sum(charged_minor)::int8 as charged_minor,
        sum(nominal_minor - charged_minor)::int8 as taken_off_minor
      from ride_sum
      where {day} between $1 and $2 and ($3::text is null or operator_id = $3)
      group by \(groups), currency having sum(rides) <> 0 or sum(charged_minor) <> 0
      order by 1, 2, 3 limit $4
      """
  }

  /// Rides that the days brought, by fare day, operator, mode and category.
  static let periodOperatorsSQL = """
    select fare_day, nullif(operator_id, '') as operator, nullif(mode, '') as mode, category,
      currency, sum(rides)::int8 as rides, sum(riders)::int8 as people,
      sum(free_rides)::int8 as free_rides, sum(reduced_rides)::int8 as reduced_rides,
      sum(unknown_rides)::int8 as unknown_rides, sum(nominal_minor)::int8 as nominal_minor,
      sum(charged_minor)::int8 as charged_minor
    from ride_sum
    where {day} between $1 and $2 and ($3::text is null or operator_id = $3)
    group by 1, 2, 3, 4, 5 having sum(rides) <> 0 or sum(charged_minor) <> 0
    order by 1, 2, 3, 4, 5 limit $4
    """

  /// Validators with where they were mounted on the days and what they sent; of one operator: those
  /// that served its routes.
  static let devicesSQL = """
    select d.device_id as device, d.state, (
        select string_agg(distinct a.vehicle, ' ' order by a.vehicle) from device_assignment a
        where a.device_id = d.device_id and a.valid_from < $2::date + 1
          and (a.valid_to is null or a.valid_to > $1)) as vehicles,
      coalesce(sum(e.taps_stored), 0)::int8 as taps,
      coalesce(sum(e.duplicates), 0)::int8 as duplicates,
      coalesce(sum(e.conflicts), 0)::int8 as conflicts,
      coalesce(sum(e.quarantined), 0)::int8 as quarantined,
      coalesce(sum((
        select sum(upper(r) - lower(r))
        from unnest(int8multirange(int8range(1, greatest(upper(e.seen), 1))) - e.seen) r
      )), 0)::int8 as missing_numbers,
      max(e.last_received_at) as last_received_at
    from device d left join device_epoch e using (device_id)
    where $3::text is null or d.device_id in (
      select device_id from device_day
      where fare_day between $1 and $2 and (fare_day, route) in \(routesOfOperator))
    group by d.device_id order by d.device_id limit $4
    """
}
