-- Accepted taps on their way from sorting to the lanes of their riders: those that one pass found for
-- a lane's fare day. As long as a parcel is here, the days of its riders wait for their rating.
create table tap_parcel (
  lane smallint not null,
  parcel_id bigint generated always as identity,
  fare_day date not null,
  sorted_at timestamptz not null,
  cause text not null,               -- as `fare_day.stale_cause`
  riders uuid[] not null,            -- each once
  taps bytea not null,               -- what rating reads of them, in a format of the program's own
  tap_count integer not null,
  primary key (lane, parcel_id)
) with (toast_tuple_target = 8160);
-- They live for a minute: to make them smaller would cost more than to write them.
alter table tap_parcel alter riders set storage external, alter taps set storage external;

-- Rider-days that wait for a rating, because they were marked or because taps are on their way to them.
create view rider_day_waiting as
select lane, rider_id, fare_day, min(stale_since) as stale_since,
  (array_agg(stale_cause order by stale_since))[1] as stale_cause,
  (array_agg(stale_reason order by stale_since))[1] as stale_reason
from (
  select lane, rider_id, fare_day, stale_since, stale_cause, stale_reason from fare_day
  where stale_since is not null
  union all
  select p.lane, r.rider_id, p.fare_day, p.sorted_at, p.cause, null
  from tap_parcel p cross join lateral unnest(p.riders) as r(rider_id)) w
group by lane, rider_id, fare_day;

-- All rider-days with what their last rating left; nothing of those that wait for their first.
create view rider_day as
select lane, rider_id, fare_day, bool_or(is_stale) as is_stale,
  coalesce((array_agg(state_after) filter (where is_row))[1], '') as state_after,
  max(tariff_version) as tariff_version, bool_or(open_ride) as open_ride, max(rated_at) as rated_at
from (
  select lane, rider_id, fare_day, stale_since is not null as is_stale, state_after, tariff_version,
    open_ride, rated_at, true as is_row
  from fare_day
  union all
  select p.lane, r.rider_id, p.fare_day, true, null, null, false, null, false
  from tap_parcel p cross join lateral unnest(p.riders) as r(rider_id)) d
group by lane, rider_id, fare_day;

create or replace view tap_unrated as
select t.fare_day, t.lane, t.rider_id, t.device_id, t.epoch, t.seq
from rider_day_waiting f join tap t on t.fare_day = f.fare_day and t.rider_id = f.rider_id
  and t.lane = f.lane and t.accepted
where not exists (
  select from tap_billing b where b.device_id = t.device_id and b.epoch = t.epoch
    and b.seq = t.seq);
