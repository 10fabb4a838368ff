import Ledger

/// The statements of the reports over rides, taps and devices.
extension ReportQuery {
  /// Leaves out groups of `ride_day_sum` of which nothing is to be shown: each figure comes to nothing.
  ///
  /// Rides that were rated anew at the same price bring no ride and no money, and other figures all the
  /// same: a fare that was not known, or what the ride would have cost.
  static func havingAny(of figures: String...) -> String {
    "having " + figures.map { "sum(\($0)) <> 0" }.joined(separator: " or ")
  }

  /// Rides booked, or taken back, after their fare day was closed.
  static let lateRidesSQL = """
    select fare_day, accounting_date, nullif(operator_id, '') as operator, currency,
      sum(late_rides)::int8 as rides, sum(charged_minor)::int8 as charged_minor
    from ride_day_sum
    where {day} between $1 and $2 and accounting_date > fare_day + 1
      and ($3::text is null or operator_id = $3)
    group by 1, 2, 3, 4 \(havingAny(of: "late_rides", "charged_minor"))
    order by 1, 2, 3, 4 limit $4
    """

  /// Routes with their operators on some days, and how they are joined to what validators sent of a day.
  private static let routeTable = """
    route (route, operator, first_day, last_day) as (
      select * from unnest($5::text[], $6::text[], $7::date[], $8::date[]))
    """
  private static let sentOnRoute = """
    device_day d left join route r
      on r.route = d.route and d.fare_day between r.first_day and r.last_day
    """

  /// Taps that came when their fare day was over for a day, by validator; of one operator: those on
  /// routes that were its own on the day.
  static let lateDevicesSQL = """
    with \(routeTable)
    select device_id as device, fare_day, sum(late_accepted + late_denied)::int8 as taps,
      sum(late_accepted)::int8 as accepted, max(last_late_at) as last_late_at,
      round(max(latest_seconds) / 3600.0)::int8 as latest_hours
    from \(sentOnRoute)
    where fare_day between $1 and $2 and late_accepted + late_denied > 0
      and ($3::text is null or r.operator = $3)
    group by 1, 2 order by 1, 2 limit $4
    """

  /// Who rode free or at a lower price because of their category, by operator and category: what a
  /// claim asks for, before its rates.
  static let subsidyRidesSQL = """
    select nullif(operator_id, '') as operator, category, currency,
      sum(concession_rides)::int8 as concession_rides, sum(free_people)::int8 as free_people,
      sum(reduced_people)::int8 as reduced_people,
      sum(concession_minor)::int8 as concession_minor
    from ride_day_sum
    where {day} between $1 and $2 and ($3::text is null or operator_id = $3)
    group by 1, 2, 3
    \(havingAny(of: "concession_rides", "free_people", "reduced_people", "concession_minor"))
    order by 1, 2, 3 limit $4
    """

  /// What was claimed of the city for rides of the days, by claim, operator and category; a claim that
  /// was refused claims nothing, and its rides may be claimed again.
  ///
  /// A claim of later days is among them where it takes rides of these back or claims what replaced them: its first
  /// ride from the days on is looked up, for it may have millions.
  static let subsidyClaimsSQL = """
    select c.claim_id::text as claim, c.first_day, c.last_day, c.state,
      l.operator_id as operator, l.category, c.currency, l.rides::int8 as rides,
      l.minor as claimed_minor
    from subsidy_claim c join subsidy_line l using (claim_id)
    where (c.first_day <= $2 and c.last_day >= $1 or (
        select min(s.fare_day) from subsidy_ride s
        where s.claim_id = c.claim_id and s.fare_day >= $1) <= $2)
      and c.state <> 'refused'
      and ($3::text is null or l.operator_id = $3)
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
        sum(nominal_minor - charged_minor)::int8 as taken_off_minor,
        sum(concession_minor)::int8 as concession_minor
      from ride_day_sum
      where {day} between $1 and $2 and ($3::text is null or operator_id = $3)
      group by \(groups), currency
      \(havingAny(
        of: "rides", "unknown_rides", "nominal_minor", "charged_minor", "concession_minor"))
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
    from ride_day_sum
    where {day} between $1 and $2 and ($3::text is null or operator_id = $3)
    group by 1, 2, 3, 4, 5
    \(havingAny(of: "rides", "riders", "free_rides", "reduced_rides", "unknown_rides", "nominal_minor",
      "charged_minor"))
    order by 1, 2, 3, 4, 5 limit $4
    """

  /// What validators sent of the days, each by the operator of the route on the day, and where they were mounted;
  /// without an operator: taps that named no route of the network, and validators that sent nothing.
  ///
  /// A validator may go from one operator to another: who asks for one operator sees the vehicles in which
  /// it tapped on the days on which all its taps were on that operator's routes.
  static let devicesSQL = """
    with \(routeTable),
    sent as (
      select d.device_id, r.operator, sum(d.accepted + d.denied)::int8 as taps,
        sum(d.accepted)::int8 as accepted, sum(d.denied)::int8 as denied,
        sum(d.late_accepted + d.late_denied)::int8 as late_taps
      from \(sentOnRoute)
      where d.fare_day between $1 and $2 and ($3::text is null or r.operator = $3)
      group by 1, 2),
    own_day as (
      select d.device_id, d.fare_day from \(sentOnRoute)
      where $3::text is not null and d.fare_day between $1 and $2
      group by 1, 2 having bool_and(r.operator is not distinct from $3)),
    own as (
      select device_id, string_agg(distinct v.vehicle, ' ' order by v.vehicle) as vehicles
      from vehicle_device v join own_day using (device_id, fare_day)
      where v.fare_day between $1 and $2 and v.vehicle <> '' group by 1)
    select d.device_id as device, s.operator, d.state,
      case when $3::text is null then (
        select string_agg(distinct a.vehicle, ' ' order by a.vehicle) from device_assignment a
        where a.device_id = d.device_id and a.valid_from < $2::date + 1
          and (a.valid_to is null or a.valid_to > $1))
      else (select o.vehicles from own o where o.device_id = d.device_id) end as vehicles,
      coalesce(s.taps, 0) as taps, coalesce(s.accepted, 0) as accepted,
      coalesce(s.denied, 0) as denied, coalesce(s.late_taps, 0) as late_taps
    from device d left join sent s using (device_id)
    where $3::text is null or s.operator is not null
    order by d.device_id, s.operator limit $4
    """

  /// The registers of validators' numbers as they stand today, over all their lives and on all routes.
  static let registersSQL = """
    with register as (
      select device_id, taps_stored, duplicates, conflicts, quarantined, coalesce((
          select sum(upper(r) - lower(r))
          from unnest(int8multirange(int8range(1, greatest(upper(seen), 1))) - seen) r
        ), 0) as missing
      from device_epoch where $3::text is null),
    registers as (
      select device_id, count(*)::int8 as epochs, sum(taps_stored)::int8 as stored,
        sum(duplicates)::int8 as duplicates, sum(conflicts)::int8 as conflicts,
        sum(quarantined)::int8 as quarantined,
        \(WideSums.held("sum(missing)")) as missing_numbers
      from register group by 1)
    select r.device_id as device, r.epochs, r.stored, r.duplicates, r.conflicts, r.quarantined,
      r.missing_numbers, contact.at as last_received_at
    from registers r join device d using (device_id) \(DeviceContacts.joined)
    order by 1 limit $4
    """
}
