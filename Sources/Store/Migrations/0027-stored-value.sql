-- Everyone who rides with stored value pays, or it is seen that they do not: a QR code pays like a card,
-- what nobody pays is marked at its rider's day, and two people decide about balances.

-- Rides with media of stored value are charged, and the rider has no account in their currency.
alter table fare_day add column owes boolean not null default false;
update fare_day f set owes = true
from (
  select distinct r.lane, r.rider_id, r.fare_day from ride r
  where r.medium in ('card', 'qr') and r.charged_minor > 0 and r.reversed_run_id is null
    and not exists (
      select from wallet_account a where a.rider_id = r.rider_id and a.currency = r.currency
        and a.closed_at is null)) o
where f.lane = o.lane and f.rider_id = o.rider_id and f.fare_day = o.fare_day;
create index fare_day_owes on fare_day (fare_day, lane, rider_id) where owes;

-- Accounts pay for the rides with QR codes of before, once their days are rated anew.
update fare_day f set stale_since = now(), stale_cause = 'medium',
  stale_reason = 'rides with QR codes are paid from stored value'
from (
  select distinct r.lane, r.rider_id, r.fare_day from ride r
  join wallet_account a on a.rider_id = r.rider_id and a.currency = r.currency
    and a.closed_at is null
  where r.medium = 'qr' and r.charged_minor > 0 and r.reversed_run_id is null) q
where f.lane = q.lane and f.rider_id = q.rider_id and f.fare_day = q.fare_day
  and f.stale_since is null;

create or replace view rider_day as
select lane, rider_id, fare_day, bool_or(is_stale) as is_stale,
  coalesce((array_agg(state_after) filter (where is_row))[1], '') as state_after,
  max(tariff_version) as tariff_version, bool_or(open_ride) as open_ride, max(rated_at) as rated_at,
  bool_or(owes) as owes
from (
  select lane, rider_id, fare_day, stale_since is not null as is_stale, state_after, tariff_version,
    open_ride, rated_at, true as is_row, owes
  from fare_day
  union all
  select p.lane, r.rider_id, p.fare_day, true, null, null, false, null, false, false
  from tap_parcel p cross join lateral unnest(p.riders) as r(rider_id)) d
group by lane, rider_id, fare_day;

-- Accepted taps of media that stored value pays for. Of taps of before the day is known, and the lane of
-- the journal is not: the day's sum stands in one of its lanes.
alter table tap_sum add column stored_value bigint not null default 0;
update tap_sum s set stored_value = c.taps
from (
  select fare_day, count(*) as taps from tap where accepted and medium in ('card', 'qr') group by 1) c
where s.fare_day = c.fare_day
  and s.lane = (select min(m.lane) from tap_sum m where m.fare_day = c.fare_day);

create index wallet_account_below on wallet_account (account_id) where balance_minor < 0;

-- Taps by what pays for them: those of bank cards and phones by the charge windows of their fare days,
-- those of cards and QR codes where an account is short. Of several windows of a day the one that is
-- least far decides: a tap is paid when all of its day is. What stored value has paid is not in here:
-- that is all the rest of its media, and counting it would be counting all taps.
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
  and t.medium in ('bank', 'phone') and t.accepted
union all
select t.fare_day, t.lane, t.rider_id, t.device_id, t.epoch, t.seq, 'billed', t.tapped_at,
  'account ' || a.account_id || ' lacks ' || (d.due_minor - d.paid_minor)
    || ' minor units for the day'
from wallet_day d
join wallet_account a using (account_id)
join fare_day f on f.lane = a.lane and f.rider_id = a.rider_id and f.fare_day = d.fare_day
  and f.stale_since is null
join tap t on t.fare_day = f.fare_day and t.rider_id = f.rider_id and t.lane = f.lane
  and t.medium in ('card', 'qr') and t.accepted
where d.paid_minor < d.due_minor and a.closed_at is null and not exists (
  select from tap_parcel p where p.lane = f.lane and p.fare_day = f.fare_day
    and f.rider_id = any(p.riders));

-- Orders about accounts of stored value: a debt that is given up, a balance put right up or down.
alter table money_order drop constraint money_order_kind_check;
alter table money_order add constraint money_order_kind_check
  check (kind in ('write_off', 'refund', 'payout', 'subsidy', 'account_write_off',
    'account_credit', 'account_debit'));
alter table wallet_movement drop constraint wallet_movement_kind_check;
alter table wallet_movement add constraint wallet_movement_kind_check
  check (kind in ('top_up', 'ride', 'purchase', 'refund', 'transfer', 'correction', 'write_off'));
