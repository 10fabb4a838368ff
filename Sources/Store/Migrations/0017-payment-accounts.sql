-- A phone is a bank card with a number of its own: what is said of bank cards holds for phones too.

create or replace function bank_medium_has_standing() returns trigger language plpgsql as $$
begin
  insert into card_standing (medium_id, state, since, next_at)
    select medium_id, 'unknown', first_seen_at, first_seen_at from added
    where kind in ('bank', 'phone')
    on conflict do nothing;
  return null;
end $$;
insert into card_standing (medium_id, state, since, next_at)
  select medium_id, 'unknown', first_seen_at, first_seen_at from medium where kind = 'phone'
  on conflict do nothing;

-- Rider-days that were stale when their windows were closed, or whose windows came from a rider who was
-- merged: once they are rated it is looked at what their rides come to now.
create table charge_day_waiting (
  lane smallint not null,
  rider_id uuid not null,
  fare_day date not null,
  primary key (lane, rider_id, fare_day)
);

create or replace view tap_billing as
select t.fare_day, t.lane, t.rider_id, t.device_id, t.epoch, t.seq,
  case when w.state in ('settled', 'nothing', 'netted') then 'settled'
    when w.state = 'written_off' then 'written_off' else 'billed' end as state,
  w.closed_at as since,
  'charge window ' || w.window_id || ' is ' || w.state || coalesce(': ' || w.decline_code, '')
    as reason
from (
  select distinct on (lane, rider_id, fare_day) * from charge_window
  order by lane, rider_id, fare_day,
    state in ('settled', 'nothing', 'netted', 'written_off'), state <> 'written_off', number) w
join tap t on t.fare_day = w.fare_day and t.rider_id = w.rider_id and t.lane = w.lane
  and t.medium in ('bank', 'phone') and t.accepted;

-- Nothing asks it: tap_billing says of each tap how far its money is.
drop view charged_rider_day;
