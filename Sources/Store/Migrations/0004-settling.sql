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

-- Why a rider-day is stale, in a word of a closed list; `stale_reason` says more where there is more.
alter table fare_day add column stale_cause text check (stale_cause in ('tap', 'late_tap',
  'released_tap', 'stop', 'tariff', 'entitlement', 'rider', 'medium', 'product', 'earlier_day',
  'open_ride', 'order'));
update fare_day set stale_cause = 'tap' where stale_since is not null;

-- What made a run's rider-days stale: by this a difference is explained.
create table clearing_run_cause (
  run_id bigint not null references clearing_run,
  cause text not null,
  rider_days integer not null,
  rides_added integer not null,
  rides_reversed integer not null,
  primary key (run_id, cause)
);

-- Orders to rate fare days anew. Whoever asks sees the differences first; above a limit another
-- person has to approve.
create table rerating_order (
  order_id bigint generated always as identity primary key,
  first_day date not null,
  last_day date not null,
  tariff_source text,                -- the mended tariff to publish; null: what is published
  preview text not null,             -- JSON: what would change, as it was when asked
  state text not null check (state in ('requested', 'approved', 'refused', 'done')),
  needs_approval boolean not null,
  requested_by text not null,        -- the label of a person's token, and its digest
  requested_digest bytea not null,
  requested_at timestamptz not null,
  decided_by text,
  decided_digest bytea,
  decided_at timestamptz,
  done_at timestamptz,
  stale_days integer,                -- rider-days marked when it was carried out
  check (first_day <= last_day),
  check (decided_digest is null or not needs_approval or decided_digest <> requested_digest
    or state = 'refused'),
  check (state in ('requested', 'refused') or not needs_approval or decided_digest is not null)
);

-- A tap is named by its number and found by its rider or its vehicle; within a day no key needs the
-- day first. Narrow keys are most of what it costs to write a tap.
alter table tap drop constraint tap_pkey;
alter table tap add primary key (device_id, epoch, seq, fare_day, lane);
drop index tap_device;
drop index tap_vehicle;
create index tap_rider on tap (rider_id, fare_day);
create index tap_vehicle on tap (vehicle, tapped_at);

-- The oldest days first, riders as they came: an index that grows at its end.
drop index fare_day_stale;
create index fare_day_stale on fare_day (lane, fare_day) where stale_since is not null;

-- A medium and its rider are founded by one statement; to look the rider up again for each of a
-- million media costs more than to write them.
alter table medium drop constraint medium_rider_id_fkey;
