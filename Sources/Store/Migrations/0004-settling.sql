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
  change_minor bigint not null,      -- the changes of all riders, added up without their signs
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

-- Taps that sorting put under their fare days, added up in the lane of the journal they came by, so
-- that sorters never wait for each other here.
create table tap_sum (
  fare_day date not null,
  lane smallint not null,
  accepted bigint not null,
  denied bigint not null,
  primary key (fare_day, lane)
) with (fillfactor = 70);

-- Taps that were sorted before there were sums.
insert into tap_sum
select fare_day, lane, count(*) filter (where accepted), count(*) filter (where not accepted)
from tap group by fare_day, lane;

-- Where a tap is on its way, for those who count and list them. Taps in batches that are not sorted:
create view unsorted_tap as
select lane, batch_id, device_id, received_at, sort_fault, sort_fault is not null as is_set_aside, (
    select coalesce(sum(upper(r) - lower(r)), 0)::int8 from unnest(fresh - quarantined) r) as taps
from tap_batch where sorted_at is null;

-- Impossible taps that are not under their fare day, by what a person decided.
create view tap_held as
select device_id, epoch, seq, code, message, received_at, state from tap_quarantine
where sorted_at is null;

-- Taps whose ride is in a payment: 'billed', 'settled' or 'written_off', since when, and what it
-- waits for. Each tap once; a ride's tap at getting off has the state of its ride.
create view tap_billing as
select t.fare_day, t.lane, t.rider_id, t.device_id, t.epoch, t.seq, null::text as state,
  null::timestamptz as since, null::text as reason
from tap t where false;

-- Accepted taps under fare days that wait for their rating, and whose ride is in no payment yet.
create view tap_unrated as
select t.fare_day, t.lane, t.rider_id, t.device_id, t.epoch, t.seq
from fare_day f join tap t on t.fare_day = f.fare_day and t.rider_id = f.rider_id
  and t.lane = f.lane and t.accepted
where f.stale_since is not null and not exists (
  select from tap_billing b where b.device_id = t.device_id and b.epoch = t.epoch
    and b.seq = t.seq);

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
