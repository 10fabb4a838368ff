-- A person's own order to rate anew is worked out by the workers as that of a network is, and both are
-- carried out piece by piece: while an order is `marking`, its tariff is published and the days before its
-- place are marked as stale.
alter table rerating_order drop constraint rerating_order_state_check,
  add constraint rerating_order_state_check
    check (state in ('previewing', 'requested', 'approved', 'marking', 'refused', 'done')),
  add column compared text,
  add column fault text;
do $$
begin
  perform seal_columns('rerating_order', 'order_id', '');
end $$;
create index rerating_order_at_work on rerating_order (order_id) where preview_place is not null;

-- What was compared or carried out meanwhile goes on.
update rerating_order set compared = preview where state = 'approved' and preview_place is not null;
update rerating_order set state = 'marking', preview_place = 'riders 0'
where state = 'approved' and preview_place is null;

create or replace view rider_day as
select lane, rider_id, fare_day, bool_or(is_stale) as is_stale,
  coalesce((array_agg(state_after) filter (where is_row))[1], '') as state_after,
  max(tariff_version) as tariff_version, bool_or(open_ride) as open_ride, max(rated_at) as rated_at,
  bool_or(owes) as owes
from (
  select lane, rider_id, fare_day, stale_since is not null or exists (
      select from rerating_order o
      where o.preview_place is not null and o.state = 'marking' and f.fare_day >= o.first_day
        and (f.fare_day <= o.last_day or o.tariff_source is not null)
        and case when o.preview_place like 'riders %' then (f.lane, f.rider_id) > (
            split_part(o.preview_place, ' ', 2)::smallint,
            coalesce(nullif(split_part(o.preview_place, ' ', 3), '')::uuid,
              '00000000-0000-0000-0000-000000000000'))
          else true end) as is_stale,
    state_after, open_ride, tariff_version, rated_at, true as is_row, owes
  from fare_day f
  union all
  select p.lane, r.rider_id, p.fare_day, true, null, false, null, null, false, false
  from tap_parcel p cross join lateral unnest(p.riders) as r(rider_id)) d
group by lane, rider_id, fare_day;
