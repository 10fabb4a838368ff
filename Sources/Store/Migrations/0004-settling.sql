-- Settling at city speed: sums for reports, why a day is stale, orders to rate anew, and the keys of
-- what sorting and rating write.

-- Sums of rides, kept by the runs that add and reverse them, in the same transaction. A row is what
-- all runs of one accounting date changed: below zero where they reversed more than they added. The
-- sum over accounting dates is what stands. A run writes in its lane only, so runs never wait for
-- each other here. What is not known is the empty text.
create table ride_sum (
  fare_day date not null,
  accounting_date date not null,
  lane smallint not null,
  operator_id text not null,
  route text not null,
  mode text not null,
  category text not null,
  product text not null,
  medium text not null,
  currency text not null,
  tariff_version text not null,
  rides bigint not null,
  riders bigint not null,            -- people: a ride may stand for several
  free_rides bigint not null,        -- charged nothing
  reduced_rides bigint not null,     -- charged something, and less than nominal
  unknown_rides bigint not null,     -- the fare is not known; in neither sum of money
  late_rides bigint not null,        -- added or reversed after their fare day was closed
  nominal_minor bigint not null,
  charged_minor bigint not null,
  primary key (fare_day, accounting_date, lane, operator_id, route, mode, category, product, medium,
    currency, tariff_version)
) with (fillfactor = 70);
create index ride_sum_accounting_date on ride_sum (accounting_date);

-- Rides that stood before there were sums.
insert into ride_sum
select r.fare_day, c.accounting_date, r.lane, coalesce(r.operator_id, ''), coalesce(r.route, ''),
  coalesce(r.mode, ''), r.category, r.product, r.medium, r.currency, r.tariff_version,
  sum(s.sign), sum(s.sign * r.riders), coalesce(sum(s.sign) filter (where r.charged_minor = 0), 0),
  coalesce(sum(s.sign) filter (where r.charged_minor > 0 and r.charged_minor < r.nominal_minor), 0),
  coalesce(sum(s.sign) filter (where r.charged_minor is null), 0),
  coalesce(sum(s.sign) filter (where c.accounting_date > r.fare_day + 1), 0),
  coalesce(sum(s.sign * r.nominal_minor) filter (where r.charged_minor is not null), 0),
  coalesce(sum(s.sign * r.charged_minor), 0)
from ride r
  cross join lateral (values (1, r.run_id), (-1, r.reversed_run_id)) as s (sign, run_id)
  join clearing_run c on c.run_id = s.run_id
group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11;
