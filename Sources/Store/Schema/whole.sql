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
  vehicle text,
  state text not null check (state in ('enrolled', 'active', 'suspended', 'revoked')),
  secret_digest bytea,
  public_key bytea check (length(public_key) = 32),
  enrolled_at timestamptz not null,
  activated_at timestamptz,
  revoked_at timestamptz,
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
  primary key (device_id, epoch, seq)
);

-- Whoever rides, and what they hold to the validator (a keyed digest, never the token).
create table rider (
  rider_id uuid primary key,
  lane smallint not null,
  first_seen_at timestamptz not null
);
create table medium (
  medium_id uuid primary key,
  rider_id uuid not null,            -- founded together with its rider
  kind text not null check (kind in ('card', 'bank', 'phone', 'qr')),
  first_seen_at timestamptz not null
);
create index medium_rider on medium (rider_id);

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
  primary key (device_id, epoch, seq, fare_day, lane)
) partition by range (fare_day);
create table tap_other partition of tap default;
create index tap_rider on tap (rider_id, fare_day);
create index tap_vehicle on tap (vehicle, tapped_at);

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
  -- Why it is stale; `stale_reason` says more where there is more.
  stale_cause text check (stale_cause in ('tap', 'late_tap', 'released_tap', 'stop', 'tariff',
    'entitlement', 'rider', 'medium', 'product', 'earlier_day', 'open_ride', 'order')),
  primary key (lane, rider_id, fare_day)
);
create index fare_day_open on fare_day (lane, fare_day) where open_ride;
create index fare_day_stale on fare_day (lane, fare_day) where stale_since is not null;

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

-- Settling.

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

-- Where a tap is on its way, for those who count and list them. Taps in batches that are not sorted:
create view unsorted_tap as
select lane, batch_id, device_id, received_at, sort_fault, sort_fault is not null as is_set_aside, (
    select coalesce(sum(upper(r) - lower(r)), 0)::int8 from unnest(fresh - quarantined) r) as taps
from tap_batch where sorted_at is null;

-- Impossible taps that are not under their fare day, by what a person decided.
create view tap_held as
select device_id, epoch, seq, code, message, received_at, 'held'::text as state from tap_quarantine;

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
