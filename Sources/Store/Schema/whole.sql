-- The whole schema, as all migrations leave it: to be read, and checked against them by a test.

-- The backbone: what a tap, a position and a report pass through.
-- Times are timestamptz; money is bigint in minor units of the currency beside it.
-- `lane` is the share of the work a row belongs to, and the distribution column under Citus.

-- Settings of the city, one row each: what must survive a restart and be the same for every process.
create table setting (
  name text primary key,
  value text not null
);

-- People and programs that may ask: bearer tokens by digest, with roles.
create table access_token (
  token_digest bytea primary key,
  label text not null,
  role text not null check (role in ('admin', 'accountant', 'planner', 'dispatcher', 'inspector', 'rider')),
  operator_id text,
  rider_id uuid,
  created_at timestamptz not null,
  expires_at timestamptz,
  revoked_at timestamptz
);

-- Validators.
create table device (
  device_id text primary key check (length(device_id) between 1 and 64),
  state text not null check (state in ('enrolled', 'active', 'suspended', 'revoked')),
  secret_digest bytea,
  public_key bytea check (length(public_key) = 32),
  enrolled_at timestamptz not null,
  activated_at timestamptz,
  revoked_at timestamptz,
  replacing_since timestamptz,       -- a secret waits for other hardware
  rotation_due_since timestamptz,    -- it was asked for another key
  rotation_overlap_days smallint,
  check (state not in ('active', 'suspended') or public_key is not null)
);

-- The sequence numbers seen of each life of a device's counter. A tap sent again is a number in
-- `seen`; a tap that got lost is a hole in it.
create table device_epoch (
  device_id text not null references device,
  epoch bigint not null check (epoch >= 0),
  seen int8multirange not null default '{}',
  taps_stored bigint not null default 0,
  duplicates bigint not null default 0,
  conflicts bigint not null default 0,
  quarantined bigint not null default 0,
  last_received_at timestamptz not null,
  last_sent_at timestamptz not null,
  primary key (device_id, epoch)
);

-- The journal: one row per batch that brought something new, the signed bytes as they came.
create table tap_batch (
  lane smallint not null,
  batch_id bigint generated always as identity,
  device_id text not null,
  epoch bigint not null,
  seqs int8multirange not null,      -- numbers of the taps in the body
  fresh int8multirange not null,     -- those that this batch brought first
  quarantined int8multirange not null default '{}',  -- those of `fresh` that are impossible
  received_at timestamptz not null,
  sent_at timestamptz not null,
  body bytea not null,
  signature bytea not null,
  body_digest bytea not null,
  sorted_at timestamptz,
  sort_fault text,                   -- why the sorter could not read it; a person has to look
  primary key (lane, batch_id)
);
alter table tap_batch alter column body set storage external;
create index tap_batch_unsorted on tap_batch (lane, batch_id)
  where sorted_at is null and sort_fault is null;
-- By the end of the numbers: what a repeat is compared with lies at the end of a device's journal.
create index tap_batch_device on tap_batch (device_id, epoch, upper(fresh));

-- The same number with other content: both are kept, the later one here.
create table tap_conflict (
  conflict_id bigint generated always as identity primary key,
  device_id text not null,
  epoch bigint not null,
  seq bigint not null,
  kept_digest bytea not null,
  other_digest bytea not null,
  other_content text not null,
  received_at timestamptz not null,
  unique (device_id, epoch, seq, other_digest)
);

-- Impossible taps, kept with the reason until a person releases or discards them.
create table tap_quarantine (
  device_id text not null,
  epoch bigint not null,
  seq bigint not null,
  code text not null,
  message text not null,
  content text not null,
  received_at timestamptz not null,
  state text not null default 'held' check (state in ('held', 'released', 'discarded')),
  decided_at timestamptz,
  decided_by text,
  decision_reason text,
  corrected_at timestamptz,
  corrected_riders smallint,
  sorted_at timestamptz,
  primary key (device_id, epoch, seq),
  check ((state = 'held') = (decided_at is null)),
  check (state = 'held' or (decided_by is not null and decision_reason is not null))
);
create index tap_quarantine_released on tap_quarantine (device_id)
  where state = 'released' and sorted_at is null;
create index tap_quarantine_held on tap_quarantine (received_at) where state = 'held';

-- Whoever rides, and what they hold to the validator (a keyed digest, never the token).
create table rider (
  rider_id uuid primary key,
  lane smallint not null,
  first_seen_at timestamptz not null
);
create table medium (
  medium_id uuid primary key,
  rider_id uuid not null references rider,
  kind text not null check (kind in ('card', 'bank', 'phone', 'qr')),
  first_seen_at timestamptz not null,
  fingerprint bytea check (length(fingerprint) = 8)  -- what a validator computes from the token
);
create index medium_rider on medium (rider_id);
create index medium_fingerprint on medium (fingerprint);

-- A proof that a rider belongs to a category from one fare day to another, both inclusive.
create table entitlement (
  rider_id uuid not null references rider,
  category text not null,
  valid_from date not null,
  valid_to date,
  proof text,
  recorded_at timestamptz not null,
  primary key (rider_id, category, valid_from),
  check (valid_to is null or valid_to >= valid_from)
);

-- Every tap once, by fare day; partitions are made ahead, the default one is a net for the rest.
create table tap (
  fare_day date not null,
  lane smallint not null,
  rider_id uuid not null,
  tapped_at timestamptz not null,    -- corrected by the clock rule
  device_at timestamptz not null,    -- as the validator said
  device_id text not null,
  epoch bigint not null,
  seq bigint not null,
  medium_id uuid not null,
  kind text not null check (kind in ('on', 'off', 'single')),
  medium text not null check (medium in ('card', 'bank', 'phone', 'qr')),
  riders smallint not null check (riders between 1 and 100),
  accepted boolean not null,
  deny_reason text,
  vehicle text,
  route text,
  direction smallint check (direction in (0, 1)),
  trip text,
  stop text,
  zone text,
  latitude double precision,
  longitude double precision,
  batch_id bigint not null,
  received_at timestamptz not null,
  deny_list_version bigint,          -- the one that the validator used
  assigned text check (assigned in ('vehicle', 'stop')),  -- what comes from the device's place
  primary key (fare_day, lane, rider_id, tapped_at, device_id, epoch, seq)
) partition by range (fare_day);
create table tap_other partition of tap default;
create index tap_device on tap (device_id, epoch, seq);
create index tap_vehicle on tap (fare_day, vehicle, tapped_at);

-- A rider's fare day: whether it has to be rated again, and the state it left to the day after.
create table fare_day (
  lane smallint not null,
  rider_id uuid not null,
  fare_day date not null,
  stale_since timestamptz,
  stale_reason text,
  state_after bytea not null default '',
  tariff_version text,
  rated_at timestamptz,
  open_ride boolean not null default false,  -- a ride goes on into the next day, or is given up there
  primary key (lane, rider_id, fare_day)
);
create index fare_day_open on fare_day (lane, fare_day) where open_ride;
create index fare_day_stale on fare_day (lane, fare_day, rider_id) where stale_since is not null;

-- One pass of the worker over a share of stale rider-days; its entries book the difference it found.
create table clearing_run (
  run_id bigint generated always as identity primary key,
  lane smallint not null,
  accounting_date date not null,
  started_at timestamptz not null,
  rider_days integer not null,
  taps integer not null,
  rides_added integer not null,
  rides_reversed integer not null
);

-- The sub-ledger: who rode, where, and why at this price. A ride is never changed; when a day is
-- rated anew, the run that did it reverses the rides that no longer hold and adds those that do.
create table ride (
  fare_day date not null,
  lane smallint not null,
  ride_id bigint generated always as identity,
  rider_id uuid not null,
  run_id bigint not null,
  reversed_run_id bigint,
  started_at timestamptz not null,
  ended_at timestamptz,
  device_id text not null,
  epoch bigint not null,
  seq bigint not null,               -- the boarding tap
  off_device_id text,
  off_epoch bigint,
  off_seq bigint,                    -- the tap at getting off, where there is one
  riders smallint not null,
  category text not null,
  product text not null,
  medium text not null,
  mode text,
  operator_id text,
  route text,
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  nominal_minor bigint,              -- null: the fare is not known
  charged_minor bigint,
  tariff_version text not null,
  reason text not null,               -- compact JSON of the Tariff room, kept to the letter
  primary key (fare_day, lane, ride_id)
) partition by range (fare_day);
create table ride_other partition of ride default;
create index ride_rider on ride (lane, rider_id, fare_day);
create index ride_run on ride (run_id);
create index ride_reversed_run on ride (reversed_run_id) where reversed_run_id is not null;

-- Double entry. The chart of accounts is data; entries are only ever added.
create table account (
  code text primary key,
  name_uk text not null,
  name_en text not null,
  kind text not null check (kind in ('asset', 'liability', 'income', 'expense'))
);
create table entry (
  entry_id bigint generated always as identity primary key,
  run_id bigint references clearing_run,
  accounting_date date not null,
  fare_day date,
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  kind text not null,
  description text not null,
  digest bytea not null,
  created_at timestamptz not null
);
create index entry_run on entry (run_id);
create index entry_accounting_date on entry (accounting_date);
create table posting (
  entry_id bigint not null references entry,
  line smallint not null,
  account text not null references account,
  operator_id text,                  -- the sub-account, where the account has one per operator
  category text,                     -- of the riders the amount comes from
  debit_minor bigint not null check (debit_minor >= 0),
  credit_minor bigint not null check (credit_minor >= 0),
  primary key (entry_id, line),
  check ((debit_minor = 0) <> (credit_minor = 0))
);
create index posting_account on posting (account, operator_id);

-- An entry leaves its transaction balanced, or not at all.
create function entry_must_balance() returns trigger language plpgsql as $$
begin
  if exists (
    select 1 from posting p join added a on a.entry_id = p.entry_id
    group by p.entry_id having sum(p.debit_minor) <> sum(p.credit_minor)
  ) then
    raise exception 'an entry does not balance' using errcode = 'check_violation';
  end if;
  return null;
end $$;
create trigger posting_balances after insert on posting
  referencing new table as added for each statement execute function entry_must_balance();

-- What was booked stays.
create function is_append_only() returns trigger language plpgsql as $$
begin
  raise exception '% is append-only', tg_table_name using errcode = 'restrict_violation';
end $$;
create trigger entry_append_only before update or delete on entry
  for each row execute function is_append_only();
create trigger posting_append_only before update or delete on posting
  for each row execute function is_append_only();

-- The network as it was published: the feed itself, parsed on start.
create table network_feed (
  feed_id bigint generated always as identity primary key,
  name text not null,
  digest bytea not null unique,
  archive bytea not null,
  imported_at timestamptz not null
);
alter table network_feed alter column archive set storage external;

-- Tariffs as they were published: the text itself, and from which fare day it holds.
create table tariff_version (
  version text primary key,
  effective_from date not null unique,
  source text not null,
  published_at timestamptz not null
);

-- Where vehicles were. (vehicle, at) names one position: what comes again is the same.
create table position (
  service_day date not null,
  lane smallint not null,
  vehicle text not null,
  at timestamptz not null,
  latitude double precision not null,
  longitude double precision not null,
  speed_mps real,
  bearing real,
  trip text,
  route text,
  door text check (door in ('open', 'closed')),
  passengers smallint,
  device_id text not null,
  received_at timestamptz not null,
  primary key (service_day, lane, vehicle, at)
) partition by range (service_day);
create table position_other partition of position default;

-- The newest position of each vehicle, for the map and the feed.
create table vehicle_now (
  vehicle text primary key,
  at timestamptz not null,
  latitude double precision not null,
  longitude double precision not null,
  speed_mps real,
  bearing real,
  trip text,
  route text,
  passengers smallint,
  received_at timestamptz not null
);

-- A vehicle's day: whether its stop visits and boardings have to be worked out again.
create table vehicle_day (
  lane smallint not null,
  vehicle text not null,
  service_day date not null,
  stale_since timestamptz,
  placed_at timestamptz,
  primary key (lane, vehicle, service_day)
);
create index vehicle_day_stale on vehicle_day (lane, service_day, vehicle) where stale_since is not null;

create table stop_visit (
  service_day date not null,
  vehicle text not null,
  arrived_at timestamptz not null,
  departed_at timestamptz not null,
  route text not null,
  direction smallint not null,
  stop text not null,
  stop_order integer not null,
  distance_m real not null,
  doors_opened boolean not null,
  primary key (service_day, vehicle, arrived_at, stop, stop_order)
);

-- Where a rider boarded and got off: inferred or told by the device, with how and how sure.
create table boarding (
  fare_day date not null,
  lane smallint not null,
  rider_id uuid not null,
  tapped_at timestamptz not null,
  device_id text not null,
  epoch bigint not null,
  seq bigint not null,
  riders smallint not null,
  vehicle text,
  route text,
  direction smallint,
  stop text,
  stop_order integer,
  source text not null,              -- how the stop is known, or why it is not
  confidence real not null check (confidence between 0 and 1),
  off_stop text,
  off_stop_order integer,
  off_source text,
  off_confidence real check (off_confidence between 0 and 1),
  primary key (fare_day, device_id, epoch, seq)
) partition by range (fare_day);
create table boarding_other partition of boarding default;
create index boarding_rider on boarding (lane, rider_id, fare_day);
create index boarding_route on boarding (fare_day, route, direction)
  include (tapped_at, stop, stop_order, off_stop, off_stop_order, riders);

-- A rider's day whose alightings have to be worked out again.
create table travel_day (
  lane smallint not null,
  rider_id uuid not null,
  fare_day date not null,
  stale_since timestamptz,
  primary key (lane, rider_id, fare_day)
);
create index travel_day_stale on travel_day (lane, fare_day, rider_id) where stale_since is not null;

-- The life of validators: their keys, places, heartbeats and gaps; the deny list.

-- Every key that a device ever signed with, kept for good: a batch must verify years later.
create table device_key (
  device_id text not null references device,
  public_key bytea not null check (length(public_key) = 32),
  valid_from timestamptz not null,
  accepted_until timestamptz,        -- first moment at which it verifies nothing new
  epochs_from bigint not null default 0,  -- first epoch that it signs
  epochs_before bigint,              -- first that it does not: other hardware took its place
  end_reason text check (end_reason in ('rotated', 'replaced', 'revoked')),
  primary key (device_id, public_key)
);

-- Where a device is mounted, and when: at any moment at one place at most.
create table device_assignment (
  device_id text not null references device,
  valid_from timestamptz not null,
  valid_to timestamptz,
  vehicle text,
  stop text,
  primary key (device_id, valid_from),
  check (valid_to > valid_from),
  check ((vehicle is null) <> (stop is null))
);
create index device_assignment_vehicle on device_assignment (vehicle, valid_from);

-- What happened to a device, who did it, when and why.
create table device_event (
  event_id bigint generated always as identity primary key,
  device_id text not null,
  at timestamptz not null,
  event text not null,
  by_whom text not null,
  reason text,
  detail text
);
create index device_event_device on device_event (device_id, event_id);
create trigger device_event_append_only before update or delete on device_event
  for each row execute function is_append_only();

-- The newest heartbeat of each device.
create table device_heartbeat (
  device_id text primary key references device,
  received_at timestamptz not null,
  sent_at timestamptz not null,
  software text,
  configuration text,
  tariff_version text,
  deny_list_version bigint,
  last_epoch bigint,
  last_seq bigint,
  last_tap_at timestamptz,
  battery_percent smallint,
  free_bytes bigint,
  clock_offset_ms bigint             -- as the device says; what we measure is received_at - sent_at
);

-- Holes in the numbers of an epoch, with their age; a hole that is filled is closed and stays.
create table device_gap (
  gap_id bigint generated always as identity primary key,
  device_id text not null,
  epoch bigint not null,
  first_seq bigint not null,
  last_seq bigint not null,
  known_since timestamptz not null,
  closed_at timestamptz,
  check (last_seq >= first_seq)
);
create unique index device_gap_open on device_gap (device_id, epoch, first_seq)
  where closed_at is null;
create index device_gap_closed on device_gap (closed_at) where closed_at is not null;

-- Why a medium is denied; a cause that no longer holds is lifted, and stays.
create table deny_cause (
  cause_id bigint generated always as identity primary key,
  medium_id uuid not null references medium,
  reason text not null check (reason ~ '^[a-z][a-z_]{0,31}$'),
  note text,
  denied_at timestamptz not null,
  denied_by text not null,
  lifted_at timestamptz,
  lifted_by text,
  lift_note text
);
create unique index deny_cause_open on deny_cause (medium_id, reason) where lifted_at is null;

-- Each change of the list is a version; devices ask for what changed since theirs.
create table deny_list_version (
  version bigint primary key check (version > 0),
  made_at timestamptz not null,
  added integer not null,
  removed integer not null
);
create table deny_list (
  fingerprint bytea primary key check (length(fingerprint) = 8),
  is_denied boolean not null,
  version bigint not null references deny_list_version
);
create index deny_list_changed on deny_list (version);

-- When a device was first known to hold a version: how long news take.
create table device_deny_list (
  device_id text not null references device,
  version bigint not null references deny_list_version,
  seen_at timestamptz not null,
  source text not null check (source in ('fetch', 'heartbeat', 'batch')),
  primary key (device_id, version)
);
create index device_deny_list_version on device_deny_list (version, seen_at);
