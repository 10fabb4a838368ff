-- A person says at which stop a tap was. The tap itself stays as it was signed; what counts beside it is
-- the correction that stands, and what stood before it stays in the list.
create table stop_correction (
  correction_id bigint generated always as identity primary key,
  fare_day date not null,            -- of the tap
  device_id text not null,
  epoch bigint not null,
  seq bigint not null,
  from_stop text,                    -- what counted until then; null: no stop was known
  stop text,                         -- what counts from then on; null: a correction is withdrawn
  off_route boolean not null,        -- the person says so although the tap's line does not serve it
  reason text not null check (reason <> ''),
  change_minor bigint not null check (change_minor >= 0),  -- by how much the rider's fares change
  state text not null check (state in ('requested', 'standing', 'superseded', 'refused')),
  requested_by text not null check (requested_by <> ''),
  requested_digest bytea not null,
  requested_at timestamptz not null,
  decided_by text,
  decided_digest bytea,
  decided_at timestamptz,
  constraint stop_correction_second_person
    check (state = 'refused' or lower(decided_by) <> lower(requested_by))
);
create unique index stop_correction_standing on stop_correction (device_id, epoch, seq)
  where state = 'standing';
create unique index stop_correction_requested on stop_correction (device_id, epoch, seq)
  where state = 'requested';
create index stop_correction_day on stop_correction (fare_day) where state = 'standing';
do $$
begin
  perform seal_table('stop_correction', 'correction_id', '');
end $$;

alter table fare_day drop constraint fare_day_stale_cause_check,
  add constraint fare_day_stale_cause_check check (stale_cause in ('tap', 'late_tap', 'released_tap',
    'stop', 'corrected_stop', 'tariff', 'entitlement', 'rider', 'medium', 'product', 'earlier_day',
    'open_ride', 'order'));
