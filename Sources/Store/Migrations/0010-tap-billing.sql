-- Taps of bank cards by the charge windows of their fare days. Of several windows of a day the one
-- that is least far decides: a tap is paid when all of its day is.
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
  and t.medium = 'bank' and t.accepted;
