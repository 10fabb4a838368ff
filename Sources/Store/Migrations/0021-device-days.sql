-- Reports over months are made of sums that sorting and clearing keep; these were missing.

-- Accepted taps at getting off: what is left of the accepted ones are boardings, each with a ride.
alter table tap_sum add column alightings bigint not null default 0;
update tap_sum s set alightings = c.taps
from (select fare_day, lane, count(*) as taps from tap where accepted and kind = 'off' group by 1, 2) c
where s.fare_day = c.fare_day and s.lane = c.lane;

-- What a validator sent of a fare day on a route, as the network names it; '' where it named none.
-- Late is what came when the day was over for a day, by UTC.
create table device_day (
  fare_day date not null,
  device_id text not null,
  route text not null,
  accepted bigint not null,
  denied bigint not null,
  late_accepted bigint not null,
  late_denied bigint not null,
  last_late_at timestamptz,          -- when the last of the late ones came
  latest_seconds bigint,             -- the longest that one of them took
  primary key (fare_day, device_id, route)
) with (fillfactor = 70);

-- Taps that were sorted before. Of routes by other names than the network's, rides tell the network's.
insert into device_day
select t.fare_day, t.device_id, coalesce(r.route, t.route, ''), count(*) filter (where t.accepted),
  count(*) filter (where not t.accepted), count(*) filter (where t.accepted and l.is_late),
  count(*) filter (where not t.accepted and l.is_late),
  max(t.received_at) filter (where l.is_late),
  max(extract(epoch from t.received_at - t.tapped_at)) filter (where l.is_late)
from tap t
cross join lateral (
  select t.received_at >= (t.fare_day + 2)::timestamp at time zone 'UTC' as is_late) l
left join lateral (
  select r.route from ride r
  where r.fare_day = t.fare_day and r.lane = t.lane and r.rider_id = t.rider_id
    and r.device_id = t.device_id and r.epoch = t.epoch and r.seq = t.seq
  order by r.ride_id desc limit 1) r on true
group by 1, 2, 3;
