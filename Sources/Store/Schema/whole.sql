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
  role text not null check (role in ('admin', 'accountant', 'planner', 'dispatcher', 'inspector', 'rider', 'cashier')),
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
  primary key (device_id, epoch),
  session_id uuid,                   -- the session of the newest request, and where it stands
  session_count bigint,
  session_chain bytea,
  session_digest bytea,
  session_covered_count bigint,
  session_uncovered_since timestamptz,
  edition bigint not null default 0  -- grows whenever it, or what the device may do, changes
) with (fillfactor = 40);

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
  signature bytea,
  body_digest bytea not null,
  sorted_at timestamptz,
  sort_fault text,                   -- why the sorter could not read it; a person has to look
  primary key (lane, batch_id),
  format text not null default 'json'
    check (format in ('json', 'json+gzip', 'protobuf', 'protobuf+gzip')),
  session_id uuid,
  request_count bigint,
  mac bytea,
  chain bytea,                       -- the session's running hash after this body
  constraint tap_batch_proof check (
    (signature is not null and session_id is null)
    or (signature is null and session_id is not null and request_count is not null
      and mac is not null and chain is not null))
) with (toast_tuple_target = 8160);  -- a body that fits into a page stays in its row
alter table tap_batch alter column body set storage external;
create index tap_batch_unsorted on tap_batch (lane, batch_id)
  where sorted_at is null and sort_fault is null;
-- Those that a person has to look into are few.
create index tap_batch_set_aside on tap_batch (lane, batch_id)
  where sorted_at is null and sort_fault is not null;
-- By the end of the numbers: what a repeat is compared with lies at the end of a device's journal.
create index tap_batch_device on tap_batch (device_id, epoch, upper(fresh));
-- What contradicts an earlier batch repeats a number; few batches do.
create index tap_batch_repeating on tap_batch (device_id, epoch, received_at) where fresh <> seqs;

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
  first_seen_at timestamptz not null,
  merged_into uuid references rider, -- whose rides and money these are now
  erased_at timestamptz              -- nobody any more
);
create index rider_merged on rider (merged_into) where merged_into is not null;
create table medium (
  medium_id uuid primary key,
  rider_id uuid not null,            -- founded together with its rider
  kind text not null check (kind in ('card', 'bank', 'phone', 'qr')),
  first_seen_at timestamptz not null,
  fingerprint bytea check (length(fingerprint) = 8),  -- what a validator computes from the token
  state text not null default 'active' check (state in ('active', 'blocked', 'replaced')),
  replaced_by uuid references medium,
  account_reference bytea,           -- keyed digest of the payment account reference
  valid_to date
);
create index medium_rider on medium (rider_id);
create index medium_account_reference on medium (account_reference)
  where account_reference is not null;
create index medium_valid_to on medium (valid_to) where valid_to is not null;
create index medium_fingerprint on medium (fingerprint);

-- A proof that a rider belongs to a category from one fare day to another, both inclusive.
create table entitlement (
  rider_id uuid not null references rider,
  category text not null,
  valid_from date not null,
  valid_to date,
  proof text,
  recorded_at timestamptz not null,
  proof_kind text,
  proof_digest bytea,                -- keyed digest of the paper's number
  primary key (rider_id, category, valid_from),
  check (valid_to is null or valid_to >= valid_from)
);
create index entitlement_proof on entitlement (proof_digest) where proof_digest is not null;
create index entitlement_valid_to on entitlement (valid_to) where valid_to is not null;

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
  primary key (device_id, epoch, seq, fare_day, lane)
) partition by range (fare_day);
create table tap_other partition of tap default;
create index tap_rider on tap (rider_id);

-- Which devices tapped in a vehicle on a fare day, those of taps without a vehicle under the empty
-- name. The taps of a vehicle's day are found by the keys of its devices, so that no tap has to be
-- written into an index by vehicle as well.
create table vehicle_device (
  fare_day date not null,
  vehicle text not null,
  device_id text not null,
  primary key (fare_day, vehicle, device_id)
);

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
  stale_cause text check (stale_cause in ('tap', 'late_tap', 'released_tap', 'stop', 'corrected_stop',
    'tariff', 'entitlement', 'rider', 'medium', 'product', 'earlier_day', 'open_ride', 'order')),
  -- Rides with media of stored value are charged, and the rider has no account in their currency.
  owes boolean not null default false,
  -- By which network it was last rated: another one may be in force while the order to rate by it waits
  -- for a second person. Null: by none.
  feed_id bigint,
  primary key (lane, rider_id, fare_day)
);
create index fare_day_open on fare_day (lane, fare_day) where open_ride;
create index fare_day_owes on fare_day (fare_day, lane, rider_id) where owes;
create index fare_day_stale on fare_day (lane, fare_day) where stale_since is not null;

-- Accepted taps on their way from sorting to the lanes of their riders: those that one pass found for
-- a fare day and a share of a lane's riders. As long as a parcel is here, the days of its riders wait for their rating.
create table tap_parcel (
  lane smallint not null,
  parcel_id bigint generated always as identity,
  fare_day date not null,
  sorted_at timestamptz not null,
  cause text not null,               -- as `fare_day.stale_cause`
  riders uuid[] not null,            -- each once
  taps bytea not null,               -- what rating reads of them, in a format of the program's own
  tap_count integer not null,
  share smallint not null,
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

-- Orders to rate fare days anew. Whoever asks sees the differences first; above a limit another
-- person has to approve.
create table rerating_order (
  order_id bigint generated always as identity primary key,
  first_day date not null,
  last_day date not null,
  tariff_source text,                -- the mended tariff to publish; null: what is published
  preview text not null,             -- JSON: what would change, as it was when asked
  change_minor bigint not null,      -- of the currency that changes most: all riders, without their signs
  state text not null check (state in ('previewing', 'requested', 'approved', 'marking', 'refused', 'done',
    'looking', 'previewed')),
  needs_approval boolean not null,
  requested_by text not null,        -- the label of a person's token, and its digest
  requested_digest bytea not null,
  requested_at timestamptz not null,
  decided_by text,
  decided_digest bytea,
  decided_at timestamptz,
  done_at timestamptz,
  stale_days integer,                -- rider-days marked so far, and in the end
  feed_id bigint,                    -- the network whose import it came of; null: a person's own order
  preview_place text,                -- how far the workers have got, by the preview or marking; null: not at it
  check (first_day <= last_day),
  check (decided_digest is null or not needs_approval or decided_digest <> requested_digest
    or state = 'refused'),
  check (state in ('requested', 'refused') or not needs_approval or decided_digest is not null),
  compared text,                     -- JSON: what an approved order changes now, as far as that is known
  fault text                         -- why it waits again, or was given up
);
create index rerating_order_at_work on rerating_order (order_id) where preview_place is not null;

-- All rider-days with what their last rating left; nothing of those that wait for their first. What an order
-- that is being carried out is still to mark waits as well.
create view rider_day as
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

-- One pass of the worker over a share of stale rider-days; its entries book the difference it found.
create table clearing_run (
  run_id bigint generated always as identity primary key,
  lane smallint not null,
  accounting_date date not null,
  started_at timestamptz not null,
  rider_days integer not null,
  taps integer not null,
  rides_added integer not null,
  rides_reversed integer not null,
  windowed_at timestamptz,           -- looked at for changes of closed fare days
  shared_at timestamptz              -- looked at for shares of operators
);
create index clearing_run_not_windowed on clearing_run (run_id) where windowed_at is null;
create index clearing_run_not_shared on clearing_run (run_id) where shared_at is null;

-- The sub-ledger: who rode, where, and why at this price. A ride is never changed; when a day is
-- rated anew, the run that did it reverses the rides that no longer hold and adds those that do.
create table ride (
  fare_day date not null,
  lane smallint not null,
  ride_id bigint generated always as identity (cache 64),
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
  currency text not null
    check (octet_length(currency) = 3 and currency collate "C" between 'AAA' and 'ZZZ'),
  nominal_minor bigint,              -- null: the fare is not known
  charged_minor bigint,
  tariff_version text not null,
  reason text not null                -- compact JSON of the Tariff room, kept to the letter
) partition by range (fare_day);
create table ride_other partition of ride default;
create index ride_rider on ride (rider_id);
create index ride_run on ride (run_id);
create index ride_reversed_run on ride (reversed_run_id) where reversed_run_id is not null;
create index ride_unknown on ride (fare_day, lane)
  where charged_minor is null and reversed_run_id is null;

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
create index entry_refund on entry (accounting_date) where kind = 'refund';
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

-- Sums of postings, kept by whoever books. Rows are only added, so that nobody waits for the row of a day;
-- charging makes one row of many.
create table posting_sum (
  sum_id bigint generated always as identity primary key,
  accounting_date date not null,
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  account text not null,
  operator_id text,
  entries bigint not null,           -- lines that are the first of their entry
  debit_minor bigint not null,
  credit_minor bigint not null,
  is_folded boolean not null default false, -- made of many rows
  kind text not null,                -- of the entry
  fare_day date                      -- of the entry; null where it is of none
);
create index posting_sum_account on posting_sum (accounting_date, account);
create index posting_sum_loose on posting_sum (accounting_date) where not is_folded;
create index posting_sum_fares on posting_sum (fare_day) where kind = 'fares';

create function posting_summed() returns trigger language plpgsql as $$
begin
  insert into posting_sum (accounting_date, currency, account, operator_id, entries, debit_minor, credit_minor,
    kind, fare_day)
  select e.accounting_date, e.currency, a.account, a.operator_id, count(*) filter (where a.line = 1),
    sum(a.debit_minor), sum(a.credit_minor), e.kind, e.fare_day
  from added a join entry e on e.entry_id = a.entry_id
  group by e.accounting_date, e.currency, a.account, a.operator_id, e.kind, e.fare_day;
  return null;
end $$;
create trigger posting_summed after insert on posting
  referencing new table as added for each statement execute function posting_summed();

-- The network as it was published: the feed itself, parsed on start.
create table network_feed (
  feed_id bigint generated always as identity primary key,
  name text not null,
  digest bytea not null,
  archive bytea not null,
  imported_at timestamptz not null,
  first_day date                     -- it holds from this fare day on; null: for all days
);
create unique index network_feed_of_all_days on network_feed (digest) where first_day is null;
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
  feed_id bigint,                    -- the network by which it was placed; null: none, or none is told
  primary key (lane, vehicle, service_day)
);
create index vehicle_day_stale on vehicle_day (lane, service_day, vehicle) where stale_since is not null;
create index vehicle_day_network on vehicle_day (service_day, feed_id);

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

-- PostgreSQL puts a row into the partition of all other days now and then though its own has been made the
-- moment before: whoever writes it has not heard of it yet. Nobody who looks at that day would find the row. So it
-- is refused, as one of two writers that collided, and the transaction tried again knows the partition.
create function row_has_no_partition() returns trigger language plpgsql as $$
begin
  if exists (select from pg_class c join pg_class o on o.relnamespace = c.relnamespace
      where o.oid = tg_relid
        and c.relname = tg_argv[0] || to_char((to_jsonb(new) ->> tg_argv[1])::date, '_YYYYMMDD')) then
    raise exception 'the partition of a day of % was made meanwhile', tg_argv[0]
      using errcode = 'serialization_failure';
  end if;
  return new;
end $$;
create trigger tap_has_no_partition before insert on tap_other
  for each row execute function row_has_no_partition('tap', 'fare_day');
create trigger ride_has_no_partition before insert on ride_other
  for each row execute function row_has_no_partition('ride', 'fare_day');
create trigger boarding_has_no_partition before insert on boarding_other
  for each row execute function row_has_no_partition('boarding', 'fare_day');
create trigger position_has_no_partition before insert on position_other
  for each row execute function row_has_no_partition('position', 'service_day');

create index boarding_rider on boarding (lane, rider_id, fare_day);
create index boarding_route on boarding (fare_day, route, direction)
  include (tapped_at, stop, stop_order, off_stop, off_stop_order, riders, rider_id);

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
    currency, tariff_version),
  concession_rides bigint not null default 0,  -- with somebody free or reduced by the category
  free_people bigint not null default 0,       -- who rode free because of it
  reduced_people bigint not null default 0,    -- who paid less than the full price because of it
  concession_minor bigint not null default 0   -- what they did not pay
) with (fillfactor = 70);
create index ride_sum_accounting_date on ride_sum (accounting_date);

-- The same without lanes and routes, of which reports tell nothing: a month of 30 million rides has millions of rows
-- above, and here some ten thousand. A trigger adds them up. Rows are only added, so that nobody waits for the row of
-- a day; charging makes one row of many.
create table ride_day_sum (
  sum_id bigint generated always as identity primary key,
  fare_day date not null,
  accounting_date date not null,
  operator_id text not null,
  mode text not null,
  category text not null,
  product text not null,
  medium text not null,
  currency text not null,
  tariff_version text not null,
  rides bigint not null,
  riders bigint not null,
  free_rides bigint not null,
  reduced_rides bigint not null,
  unknown_rides bigint not null,
  late_rides bigint not null,
  nominal_minor bigint not null,
  charged_minor bigint not null,
  concession_rides bigint not null,
  free_people bigint not null,
  reduced_people bigint not null,
  concession_minor bigint not null,
  is_folded boolean not null default false  -- made of many rows
);
create index ride_day_sum_day on ride_day_sum (fare_day);
create index ride_day_sum_accounting_date on ride_day_sum (accounting_date);
create index ride_day_sum_loose on ride_day_sum (accounting_date) where not is_folded;

create function rides_summed() returns trigger language plpgsql as $$
begin
  if tg_op = 'INSERT' then
    insert into ride_day_sum (fare_day, accounting_date, operator_id, mode, category, product, medium, currency, tariff_version,
      rides, riders, free_rides, reduced_rides, unknown_rides, late_rides, nominal_minor, charged_minor,
      concession_rides, free_people, reduced_people, concession_minor)
    select fare_day, accounting_date, operator_id, mode, category, product, medium, currency, tariff_version,
      sum(rides), sum(riders), sum(free_rides), sum(reduced_rides), sum(unknown_rides), sum(late_rides),
      sum(nominal_minor), sum(charged_minor), sum(concession_rides), sum(free_people), sum(reduced_people),
      sum(concession_minor)
    from added
    group by fare_day, accounting_date, operator_id, mode, category, product, medium, currency, tariff_version;
  else
    insert into ride_day_sum (fare_day, accounting_date, operator_id, mode, category, product, medium, currency, tariff_version,
      rides, riders, free_rides, reduced_rides, unknown_rides, late_rides, nominal_minor, charged_minor,
      concession_rides, free_people, reduced_people, concession_minor)
    select fare_day, accounting_date, operator_id, mode, category, product, medium, currency, tariff_version,
      sum(sign * rides), sum(sign * riders), sum(sign * free_rides), sum(sign * reduced_rides),
      sum(sign * unknown_rides), sum(sign * late_rides), sum(sign * nominal_minor),
      sum(sign * charged_minor), sum(sign * concession_rides), sum(sign * free_people),
      sum(sign * reduced_people), sum(sign * concession_minor)
    from (select 1 as sign, * from added union all select -1, * from removed) c
    group by fare_day, accounting_date, operator_id, mode, category, product, medium, currency, tariff_version;
  end if;
  return null;
end $$;
create trigger rides_summed_in after insert on ride_sum
  referencing new table as added for each statement execute function rides_summed();
create trigger rides_summed_anew after update on ride_sum
  referencing old table as removed new table as added for each statement execute function rides_summed();

-- What made a run's rider-days stale: by this a difference is explained.
create table clearing_run_cause (
  run_id bigint not null references clearing_run,
  cause text not null,
  rider_days integer not null,
  rides_added integer not null,
  rides_reversed integer not null,
  primary key (run_id, cause)
);

-- Taps that would get another stop by the network of an order, until its preview stands. A null stop: the
-- tap would have none any more.
create table tap_placed_anew (
  order_id bigint not null references rerating_order,
  rider_id uuid not null,
  fare_day date not null,
  device_id text not null,
  epoch bigint not null,
  seq bigint not null,
  stop text,
  primary key (order_id, rider_id, fare_day, device_id, epoch, seq)
);

-- Taps that sorting put under their fare days, added up in the lane of the journal they came by, so
-- that sorters never wait for each other here.
create table tap_sum (
  fare_day date not null,
  lane smallint not null,
  accepted bigint not null,
  denied bigint not null,
  alightings bigint not null default 0,  -- the accepted ones at getting off; the rest are boardings
  stored_value bigint not null default 0,  -- the accepted ones of media that stored value pays for
  primary key (fare_day, lane)
) with (fillfactor = 70);

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

-- Where a tap is on its way, for those who count and list them. Taps in batches that are not sorted:
create view unsorted_tap as
select lane, batch_id, device_id, received_at, sort_fault, sort_fault is not null as is_set_aside, (
    select coalesce(sum(upper(r) - lower(r)), 0)::int8 from unnest(fresh - quarantined) r) as taps
from tap_batch where sorted_at is null;

-- Impossible taps that are not under their fare day, by what a person decided.
create view tap_held as
select device_id, epoch, seq, code, message, received_at, state from tap_quarantine
where sorted_at is null;

-- Bank cards, the acquirer, and what operators and the city are owed.
-- Money is bigint in minor units of the currency beside it. `at` is when it was written down.

-- What is known of a bank card as a means to pay. Every medium of the kind `bank` has a row from the
-- moment it is first seen; the first-use check makes it good or denied.
create table card_standing (
  medium_id uuid primary key,
  state text not null check (state in ('unknown', 'checking', 'good', 'denied')),
  since timestamptz not null,
  attempt integer not null default 0,   -- first-use checks asked; part of their idempotency key
  asked_at timestamptz,                 -- the check that is on its way
  next_at timestamptz,                  -- when to ask; null when nothing has to be asked
  tapped_at timestamptz                 -- newest tap that was acted on while it was denied
);
create index card_standing_due on card_standing (next_at) where next_at is not null;
create index card_standing_denied on card_standing (medium_id) where state = 'denied';

create function bank_medium_has_standing() returns trigger language plpgsql as $$
begin
  insert into card_standing (medium_id, state, since, next_at)
    select medium_id, 'unknown', first_seen_at, first_seen_at from added
    where kind in ('bank', 'phone')
    on conflict do nothing;
  return null;
end $$;
create trigger medium_has_standing after insert on medium
  referencing new table as added for each statement execute function bank_medium_has_standing();

-- Each time a card was put on the deny list, and when it came off it: the difference is the time
-- its rider had to wait.
create table card_denial (
  denial_id bigint generated always as identity primary key,
  medium_id uuid not null,
  reason text not null check (reason in ('first_use', 'declined')),
  denied_at timestamptz not null,
  recovered_at timestamptz,
  recovered_by text check (recovered_by in ('check', 'tap', 'rider', 'merchant', 'desk', 'office')),
  check ((recovered_at is null) = (recovered_by is null))
);
create unique index card_denial_open on card_denial (medium_id) where recovered_at is null;

-- Fare days whose charge windows are closed. Until then a window is a view of the rides.
create table charge_day (
  fare_day date primary key,
  closed_at timestamptz not null
);

-- Rider-days that were stale when their windows were closed, or whose windows came from a rider who was
-- merged: once they are rated it is looked at what their rides come to now.
create table charge_day_waiting (
  lane smallint not null,
  rider_id uuid not null,
  fare_day date not null,
  waits_for_account boolean not null default false,  -- until something makes one known
  woken_at timestamptz not null default clock_timestamp(),
  primary key (lane, rider_id, fare_day)
);
create index charge_day_waiting_awake on charge_day_waiting (fare_day) where not waits_for_account;
create index charge_day_waiting_account on charge_day_waiting (rider_id);

-- A charge window: what the rides of a card's fare day come to. Number 0 is the day itself; each
-- further one is the difference that a late or mended ride made after it was closed.
-- It always holds that
--   amount = due + captured + offset + written off
-- and that captured >= refunded + charged back. A window below zero gives its amount to the other
-- windows of its day, as offset (not asked for any more) or as refund; its own offset is below zero.
create table charge_window (
  window_id bigint generated always as identity primary key,
  lane smallint not null,
  rider_id uuid not null,
  medium_id uuid not null,              -- the card that is asked
  fare_day date not null,
  number smallint not null check (number >= 0),
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  state text not null check (state in ('closed', 'authorising', 'authorised', 'capturing',
    'captured', 'settled', 'retrying', 'debt', 'written_off', 'nothing', 'netting', 'netted')),
  amount_minor bigint not null,
  due_minor bigint not null,            -- not collected and not given up
  captured_minor bigint not null default 0,
  settled_minor bigint not null default 0,      -- of the captured: funded by the acquirer
  refunded_minor bigint not null default 0,     -- of the captured: given back or on its way
  charged_back_minor bigint not null default 0, -- of the captured: disputed or lost
  offset_minor bigint not null default 0,
  written_off_minor bigint not null default 0,
  attempt integer not null default 0,   -- of authorisations; window and attempt are the idempotency key
  tries integer not null default 0,     -- declined tries by schedule since the first decline
  next_at timestamptz,                  -- when something has to be done; null when nothing has
  asked_at timestamptz,                 -- when the acquirer was asked what it has not answered yet
  asked_by text check (asked_by in ('merchant', 'tap', 'rider', 'desk')),
  reference text,                       -- the acquirer's name of the payment
  declined_at timestamptz,              -- first decline
  decline_code text,                    -- the last decline's word
  recovered_at timestamptz,
  recovered_by text check (recovered_by in ('tap', 'rider', 'merchant', 'desk')),
  closed_at timestamptz not null,
  unique (lane, rider_id, fare_day, currency, number),
  check (amount_minor = due_minor + captured_minor + offset_minor + written_off_minor),
  check (captured_minor >= refunded_minor + charged_back_minor),
  check (settled_minor <= captured_minor),
  check (least(captured_minor, settled_minor, refunded_minor, charged_back_minor,
    written_off_minor) >= 0)
);
create index charge_window_due on charge_window (state, next_at, window_id) where next_at is not null;
create index charge_window_day on charge_window (fare_day);
create index charge_window_asked on charge_window (asked_at) where asked_at is not null;
create index charge_window_debt on charge_window (declined_at) where due_minor > 0 and declined_at is not null;
create index charge_window_reference on charge_window (reference) where reference is not null;

-- The whole life of each window, card, refund and dispute, in one list that is only added to.
create table charge_event (
  event_id bigint generated always as identity primary key,
  window_id bigint references charge_window,
  medium_id uuid,
  at timestamptz not null,
  kind text not null,
  attempt integer not null default 0,
  minor bigint not null default 0,
  reference text,
  detail text,
  actor text not null,                  -- 'clock', 'acquirer', 'tap', or the label of a person's token
  entry_id bigint references entry,     -- the entry that books it, together with others of its kind
  check (window_id is not null or medium_id is not null)
);
create index charge_event_window on charge_event (window_id, event_id);
create index charge_event_medium on charge_event (medium_id, event_id) where medium_id is not null;
create index charge_event_entry on charge_event (entry_id) where entry_id is not null;
create unique index charge_event_once on charge_event (window_id, attempt, kind)
  where kind in ('authorised', 'declined', 'captured');
-- An erasure takes the card and what people wrote out of the list of charges, and nothing else.
create function charge_event_is_kept() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE'
    and to_jsonb(new) - 'medium_id' - 'detail' = to_jsonb(old) - 'medium_id' - 'detail'
    and (new.detail is not distinct from old.detail or new.detail = 'erased'
      and old.kind in ('write_off_proposed', 'refund_proposed', 'refund_ordered'))
  then
    return new;
  end if;
  raise exception 'charge_event is append-only' using errcode = 'restrict_violation';
end $$;
create trigger charge_event_append_only before update or delete on charge_event
  for each row execute function charge_event_is_kept();

-- What needs a second person: proposed by one, decided by another.
create table money_order (
  order_id bigint generated always as identity primary key,
  kind text not null check (kind in ('write_off', 'refund', 'payout', 'subsidy', 'account_write_off',
    'account_credit', 'account_debit')),
  subject text not null,                -- window, operator, claim or account
  minor bigint not null,                -- a claim may come to nothing or below
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  reason text not null,
  proposed_by text not null,
  proposed_at timestamptz not null,
  decision text check (decision in ('approved', 'refused')),
  decided_by text,
  decided_at timestamptz,
  check ((decision is null) = (decided_by is null) and (decision is null) = (decided_at is null)),
  constraint money_order_second_person check (lower(decided_by) <> lower(proposed_by)),
  constraint money_order_minor_check check (minor > 0 or kind = 'subsidy')
);
create index money_order_open on money_order (order_id) where decision is null;

-- Money given back to a card.
create table charge_refund (
  refund_id bigint generated always as identity primary key,
  window_id bigint not null references charge_window,
  minor bigint not null check (minor > 0),
  cause text not null check (cause in ('rerated', 'goodwill')),
  state text not null check (state in ('awaiting', 'refused', 'approved', 'asking', 'paid', 'settled', 'failed')),
  difference_window_id bigint references charge_window,  -- the window below zero that it comes from
  order_id bigint references money_order,
  created_at timestamptz not null,
  next_at timestamptz,
  asked_at timestamptz,
  reference text,
  fault text,
  paid_at timestamptz
);
create index charge_refund_due on charge_refund (next_at) where next_at is not null;
create index charge_refund_window on charge_refund (window_id);

-- Card payments that a rider's bank took back.
create table chargeback (
  case_id text primary key,
  window_id bigint not null references charge_window,
  minor bigint not null check (minor > 0),
  reason text,
  stage text not null check (stage in ('opened', 'won', 'lost')),
  opened_at timestamptz not null,
  decided_at timestamptz
);
create index chargeback_window on chargeback (window_id);

-- Files exchanged with the acquirer: clearing files out, funding files in.
create table acquirer_file (
  file_id bigint generated always as identity primary key,
  direction text not null check (direction in ('in', 'out')),
  name text not null,
  number bigint not null,               -- as the file's first line says
  digest bytea not null,
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  records integer not null,
  gross_minor bigint not null,
  fee_minor bigint not null,
  at timestamptz not null,
  merchant text,                        -- whom a clearing file names; null: one of before, or a funding file
  unique (direction, number)
);
-- What went into a clearing file: by it the file can be made again.
create table clearing_line (
  number bigint not null,               -- of the file
  window_id bigint not null references charge_window,
  attempt integer not null,
  refund_id bigint references charge_refund,  -- null: a capture
  minor bigint not null check (minor > 0),
  reference text
);
create unique index clearing_line_capture on clearing_line (window_id, attempt) where refund_id is null;
create unique index clearing_line_refund on clearing_line (refund_id) where refund_id is not null;
create index clearing_line_number on clearing_line (number);
-- Files that were not taken, with the reason; they are kept in the folder of the acquirer.
create table acquirer_file_refused (
  refusal_id bigint generated always as identity primary key,
  name text not null,
  digest bytea not null,
  fault text not null,
  at timestamptz not null,
  unique (name, digest)
);

-- What the acquirer says happened: lines of its files, each with what it was matched to.
create table acquirer_record (
  record_id bigint generated always as identity primary key,
  file_id bigint not null references acquirer_file,
  line integer not null,
  kind text not null check (kind in ('capture', 'refund', 'chargeback', 'billing', 'decline')),
  reference text not null,
  key text,                             -- our idempotency key, where the line carries it
  gross_minor bigint not null,
  fee_minor bigint not null,
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  value_date date not null,
  category text not null check (category in ('matched', 'missing_here', 'amount_differs', 'twice',
    'declined', 'unknown')),
  window_id bigint references charge_window,
  refund_id bigint references charge_refund,
  note text,
  entry_id bigint references entry,
  case_id text,                         -- of a chargeback: the dispute, and its step that is paid
  stage text check (stage in ('opened', 'won', 'lost')),
  unique (file_id, line)
);
create index acquirer_record_reference on acquirer_record (reference);
create index acquirer_record_case on acquirer_record (case_id) where case_id is not null;
create index acquirer_record_odd on acquirer_record (category) where category <> 'matched';

-- Signed messages of the acquirer, by its own number: one that comes again is known.
create table acquirer_message (
  message_id text primary key,
  kind text not null,
  body text not null,
  outcome text not null,                -- 'taken', 'known already', or why it is kept for a person
  received_at timestamptz not null,
  -- Of one that was kept: who looked into it, and what came of it.
  decided_at timestamptz,
  decided_by text,
  decision text,
  check ((decided_at is null) = (decided_by is null) and (decided_at is null) = (decision is null))
);
create index acquirer_message_kept on acquirer_message (received_at, message_id)
  where outcome not in ('taken', 'known already');

-- How linked rides and caps were shared out among the operators of a rider's day, where that is
-- another share than what each operator's own rides charged. Sums of the two are equal.
create table operator_share (
  fare_day date not null,
  lane smallint not null,
  rider_id uuid not null,
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  operator_id text not null,
  own_minor bigint not null,            -- charged by the operator's rides
  share_minor bigint not null,          -- after the tariff's rule
  rule text not null,
  primary key (fare_day, lane, rider_id, currency, operator_id)
);

-- Where operators want their money.
create table operator_account (
  operator_id text primary key,
  name text not null,
  iban text not null,
  bic text,
  changed_by text not null,
  changed_at timestamptz not null
);

-- Payment files for the bank (ISO 20022 pain.001), kept as they were given out.
create table payment_message (
  message_id text primary key,
  body text not null,
  digest bytea not null,
  transactions integer not null,
  control_sum_minor bigint not null,
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  created_by text not null,
  created_at timestamptz not null
);
-- Payouts to operators: what was owed to one of them up to an accounting date.
create table payout (
  payout_id bigint generated always as identity primary key,
  operator_id text not null,
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  minor bigint not null check (minor > 0),
  through_date date not null,
  state text not null check (state in ('awaiting', 'refused', 'approved', 'sent', 'paid', 'returned')),
  order_id bigint not null references money_order,
  message_id text references payment_message,
  sent_at timestamptz,
  confirmed_at timestamptz,
  paid_entry_id bigint references entry, -- the entry by which it is paid
  account_name text,                     -- where it goes, as it was when it was proposed
  account_iban text,
  account_bic text,
  check ((account_name is null) = (account_iban is null))
);
create index payout_operator on payout (operator_id);
create index payout_order on payout (order_id);
create unique index payout_on_its_way on payout (operator_id, currency)
  where state in ('awaiting', 'approved');

-- What the city pays for a ride of a category; the rate of an operator goes before that of all.
create table concession_rate (
  category text not null,
  operator_id text not null default '', -- empty: all operators
  from_day date not null,
  to_day date,
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  ride_minor bigint not null check (ride_minor > 0),  -- for one ride of one person
  changed_by text not null,
  changed_at timestamptz not null,
  primary key (category, operator_id, from_day, currency),
  check (to_day is null or to_day >= from_day)
);
create table subsidy_claim (
  claim_id bigint generated always as identity primary key,
  first_day date not null,
  last_day date not null,
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  state text not null check (state in ('awaiting', 'refused', 'approved', 'paid')),
  order_id bigint references money_order,
  created_by text not null,
  created_at timestamptz not null,
  paid_entry_id bigint references entry, -- the entry by which it is paid
  check (last_day >= first_day)
);
create table subsidy_line (
  claim_id bigint not null references subsidy_claim,
  operator_id text not null,
  category text not null,
  rides integer not null,               -- those claimed less those taken back
  minor bigint not null,
  primary key (claim_id, operator_id, category)
);
-- The evidence: each ride claimed, by its boarding tap; minus when a ride claimed before no longer holds.
create table subsidy_ride (
  claim_id bigint not null references subsidy_claim,
  fare_day date not null,
  lane smallint not null,
  ride_id bigint not null,
  is_taken_back boolean not null,
  operator_id text not null,
  category text not null,
  riders smallint not null,
  minor bigint not null,
  primary key (fare_day, lane, ride_id, is_taken_back)
);
create index subsidy_ride_claim on subsidy_ride (claim_id, fare_day);

-- Riders and their money: proofs, stored value, passes and carnets (0005-riders).

-- Why media are not let on; a medium is denied as long as any reason stands.
create table medium_denial (
  medium_id uuid not null references medium on delete cascade,
  reason text not null check (reason in ('blocked', 'replaced', 'stored_value', 'expired')),
  denied_at timestamptz not null,
  primary key (medium_id, reason)
);

-- Who did what to a rider, when and why.
create table rider_event (
  event_id bigint generated always as identity primary key,
  rider_id uuid not null,
  happened_at timestamptz not null,
  actor text not null,
  kind text not null,
  reason text not null,
  detail text not null
);
create index rider_event_rider on rider_event (rider_id, event_id);
create function rider_event_is_kept() returns trigger language plpgsql as $$
begin
  -- Only an erasure touches an event: it takes away who it was about, never what was done.
  if tg_op = 'UPDATE' and new.event_id = old.event_id and new.happened_at = old.happened_at
    and new.actor = old.actor and new.kind = old.kind then
    return new;
  end if;
  raise exception 'rider_event is append-only' using errcode = 'restrict_violation';
end $$;
create trigger rider_event_kept before update or delete on rider_event
  for each row execute function rider_event_is_kept();

-- How low stored value may go, by currency; without a row: not below nothing.
create table wallet_rule (
  currency text primary key check (currency ~ '^[A-Z]{3}$'),
  minimum_minor bigint not null check (minimum_minor >= 0),
  negative_max_minor bigint not null check (negative_max_minor >= 0),
  changed_at timestamptz not null,
  changed_by text not null
);

-- Stored value: one open account for each rider and currency. `balance_minor` is the sum of its movements.
create table wallet_account (
  account_id bigint generated always as identity primary key,
  rider_id uuid not null references rider,
  lane smallint not null,
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  balance_minor bigint not null default 0,
  denied_since timestamptz,          -- below the minimum: its cards are not let on
  opened_at timestamptz not null,
  closed_at timestamptz              -- its money went to the account of the rider it was merged into
);
create unique index wallet_account_open on wallet_account (rider_id, currency)
  where closed_at is null;
create index wallet_account_rider on wallet_account (rider_id);
create index wallet_account_below on wallet_account (account_id) where balance_minor < 0;

-- What the rides of a fare day come to, and how much of it the account has paid so far.
create table wallet_day (
  account_id bigint not null references wallet_account,
  fare_day date not null,
  due_minor bigint not null check (due_minor >= 0),
  paid_minor bigint not null check (paid_minor between 0 and due_minor),
  primary key (account_id, fare_day)
);
create index wallet_day_unpaid on wallet_day (account_id, fare_day) where paid_minor < due_minor;

create table wallet_movement (
  movement_id bigint generated always as identity primary key,
  account_id bigint not null references wallet_account,
  kind text not null
    check (kind in ('top_up', 'ride', 'purchase', 'refund', 'transfer', 'correction', 'write_off',
      'dispute')),
  amount_minor bigint not null check (amount_minor <> 0),
  balance_minor bigint not null,     -- after it
  fare_day date,                     -- whose rides it pays, or pays back
  moved_at timestamptz not null,
  accounting_date date not null,
  entry_id bigint references entry,  -- null: money that changed its owner inside the house
  idempotency_key text,
  channel text check (channel in ('cash', 'bank', 'acquirer', 'wallet')),
  place text,                        -- the desk
  reference text,                    -- receipt, acquirer's number, product, other account
  actor text not null,
  check ((kind = 'ride') = (fare_day is not null))
);
create unique index wallet_movement_key on wallet_movement (idempotency_key)
  where idempotency_key is not null;
create index wallet_movement_account on wallet_movement (account_id, moved_at, movement_id);
create trigger wallet_movement_append_only before update or delete on wallet_movement
  for each row execute function is_append_only();

-- Passes and carnets sold. What is not recognised and not paid back is deferred revenue (2210).
create table product_holding (
  holding_id bigint generated always as identity primary key,
  rider_id uuid not null references rider,
  lane smallint not null,
  product text not null,
  category text not null,
  tariff_version text not null,
  sold_at timestamptz not null,
  granted_at timestamptz not null,   -- from when it may carry rides
  granted_day date not null,         -- the fare day of that moment
  starts_at_first_use boolean not null,
  days integer check (days > 0),     -- fare days it is valid for; null: see length and months
  length_seconds bigint check (length_seconds > 0),
  months integer check (months > 0), -- to the same date so many months later, exclusive
  is_calendar_month boolean not null,
  rides_max integer check (rides_max > 0),
  rides_used integer not null default 0 check (rides_used >= 0),
  valid_from date,                   -- null until the first ride activates it
  valid_to date,
  state text not null check (state in ('sold', 'activated', 'used_up', 'expired', 'refunded')),
  returned_on date,                  -- last fare day on which it carries rides
  is_void boolean not null default false,  -- given back unused: it never carried a ride
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  price_minor bigint not null check (price_minor >= 0),
  recognised_minor bigint not null default 0 check (recognised_minor >= 0),
  refunded_minor bigint not null default 0 check (refunded_minor >= 0),
  channel text not null check (channel in ('cash', 'bank', 'acquirer', 'wallet')),
  place text,
  reference text,
  actor text not null,
  entry_id bigint references entry,
  refund_entry_id bigint references entry,
  idempotency_key text not null unique,
  check (recognised_minor + refunded_minor <= price_minor)
);
create index product_holding_rider on product_holding (rider_id, granted_day);
create index product_holding_deferred on product_holding (holding_id)
  where recognised_minor + refunded_minor < price_minor;

-- What passes and carnets of a product earned on a fare day, and how it was shared.
create table product_recognition (
  fare_day date not null,
  product text not null,
  currency text not null,
  amount_minor bigint not null check (amount_minor > 0),
  holdings integer not null,
  shared_by text not null,           -- the rule that said which operators get it
  entry_id bigint not null references entry,
  primary key (fare_day, product, currency)
);
create trigger product_recognition_append_only before update or delete on product_recognition
  for each row execute function is_append_only();

-- Holders of products that had earned their price when rides of theirs changed: the next recognition
-- looks at them beside those whose price is not earned yet.
create table product_recount (
  rider_id uuid primary key
);
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
  primary key (device_id, public_key),
  epoch_first bigint not null default 0  -- at which the counter of its hardware begins
);

-- Whatever changes what a device may do marks its registers: what was decided about a register from
-- memory holds only for the edition it was decided on, so that one comparison stands for looking up
-- the device and its keys with each batch. A device names its epochs itself, so there is a bound for them.
create function device_epochs_max(named text) returns bigint language sql stable as $$
  -- 1,000 for each hardware that a person let in.
  select 1000 * greatest(count(distinct epoch_first), 1) from device_key where device_id = named
$$;
create function device_epochs_count(named text) returns bigint language sql stable as $$
  -- In the order of the index, so that no table of millions is gone through for a device of few.
  select count(*) from (
    select from device_epoch where device_id = named order by epoch
    limit device_epochs_max(named) + 1) counted
$$;

create function mark_registers(changed text) returns void language plpgsql as $$
begin
  -- Whoever makes a register holds its device meanwhile: afterwards the register can be seen here.
  perform from device where device_id = changed for no key update;
  -- It has more from before there was a bound: of such a device nobody keeps a register in mind, and whoever
  -- writes to one holds the device.
  if device_epochs_count(changed) > device_epochs_max(changed) then return; end if;
  perform from device_epoch where device_id = changed order by epoch for update;
  update device_epoch set edition = edition + 1 where device_id = changed;
end $$;
create function device_guards_registers() returns trigger language plpgsql as $$
begin
  perform mark_registers(new.device_id);
  return null;
end $$;
create trigger device_marks_registers after update of state on device
  for each row when (old.state is distinct from new.state) execute function device_guards_registers();
-- Once for a statement, however many keys it changes.
create function device_keys_guard_registers() returns trigger language plpgsql as $$
begin
  perform mark_registers(c.device_id) from (
    select distinct device_id from changed_keys order by device_id) c;
  return null;
end $$;
-- A new key takes nothing away.
create trigger device_key_marks_registers after update on device_key
  referencing new table as changed_keys
  for each statement execute function device_keys_guard_registers();
create trigger device_key_gone_marks_registers after delete on device_key
  referencing old table as changed_keys
  for each statement execute function device_keys_guard_registers();

-- Fails the statement that found fewer registers than it expected.
create function registers_hold(standing bigint, expected bigint) returns boolean language plpgsql as $$
begin
  if standing <> expected then
    raise exception 'a register stands otherwise than expected' using errcode = 'KV001';
  end if;
  return true;
end $$;

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

-- When each device last told a position, and of which vehicle.
create table device_position (
  device_id text primary key,
  vehicle text not null,
  received_at timestamptz not null
) with (fillfactor = 50);

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
  version bigint not null references deny_list_version,
  first_version bigint                  -- with which the medium came to the list; null: before this was kept
);
create index deny_list_changed on deny_list (version);

-- What the list said of a medium before its last change, from the version of each change on.
create table deny_list_past (
  fingerprint bytea not null check (length(fingerprint) = 8),
  version bigint not null references deny_list_version,
  is_denied boolean not null,
  primary key (fingerprint, version)
);

-- When a device was first known to hold a version: how long news take.
create table device_deny_list (
  device_id text not null references device,
  version bigint not null references deny_list_version,
  seen_at timestamptz not null,
  source text not null check (source in ('fetch', 'heartbeat', 'batch')),
  primary key (device_id, version)
);
create index device_deny_list_version on device_deny_list (version, seen_at);

-- Periods, proof and adjustments.

-- A period that is not open takes no entries. A month without a row is open, unless a later one is not.
-- `closing_at` stays when it opens again, and is later each time: it names a closing.
create table accounting_period (
  period text primary key check (period ~ '^[0-9]{4}-(0[1-9]|1[0-2])$'),
  first_date date not null unique,
  last_date date not null unique,
  state text not null check (state in ('open', 'closing', 'closed')),
  closing_at timestamptz,
  closing_by text,
  closed_at timestamptz,
  closed_by text,
  open_items text not null default '[]',  -- JSON: what was left open when it was closed, by order
  previous_root bytea check (length(previous_root) = 32),
  root bytea check (length(root) = 32),
  check (first_date = date_trunc('month', first_date) and last_date >= first_date),
  check ((state = 'closed')
    = (closed_at is not null and closed_by is not null and root is not null))
);

-- The Merkle tree over the rows of a table that belong to a closed period. `blocks` are the hashes
-- over each 1024 leaves, 32 bytes each, and `block_keys` names the first row of each: they tell
-- where a change is.
create table period_tree (
  period text not null references accounting_period,
  table_name text not null,
  leaves bigint not null,
  root bytea not null check (length(root) = 32),
  blocks bytea not null,
  block_keys text[] not null,
  primary key (period, table_name)
);

-- Reports of a closed period as they were made when it was closed.
create table period_report (
  period text not null references accounting_period,
  report text not null,
  content bytea not null,            -- JSON
  digest bytea not null check (length(digest) = 32),
  made_at timestamptz not null,
  primary key (period, report)
);

-- The chain of all entries: every entry has one place in it, and there are no holes.
create table entry_seal (
  seq bigint primary key check (seq > 0),
  entry_id bigint not null unique,
  leaf_hash bytea not null check (length(leaf_hash) = 32),
  chain_hash bytea not null check (length(chain_hash) = 32),
  sealed_at timestamptz not null
);

-- A person's correction of the books: booked once another person has approved it.
create table adjustment (
  adjustment_id bigint generated always as identity primary key,
  requested_at timestamptz not null,
  requested_by text not null check (requested_by <> ''),
  reason text not null check (reason <> ''),
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  fare_day date,
  state text not null default 'requested' check (state in ('requested', 'approved', 'refused')),
  decided_at timestamptz,
  decided_by text,
  decision_reason text,
  entry_id bigint references entry,
  -- What it pays of 2220: movements (T), passes and carnets (H), refunds (R).
  pays text check (pays ~ '^[THR][1-9][0-9]*( [THR][1-9][0-9]*)*$'),
  check (decided_by is distinct from requested_by),
  check ((state = 'requested') = (decided_by is null and decided_at is null)),
  check ((state = 'approved') = (entry_id is not null))
);
create table adjustment_line (
  adjustment_id bigint not null references adjustment,
  line smallint not null,
  account text not null references account,
  operator_id text,
  category text,
  debit_minor bigint not null check (debit_minor >= 0),
  credit_minor bigint not null check (credit_minor >= 0),
  primary key (adjustment_id, line),
  check ((debit_minor = 0) <> (credit_minor = 0))
);

-- The state of a date's month, held until the transaction ends: a month that is open stays open
-- until then, for whoever begins to close it or a later one waits. A month before one that is closed
-- is closed too, or it would have to be closed after it, which nobody can.
create function held_period_state(accounting_date date) returns text language plpgsql as $$
declare
  month date := date_trunc('month', accounting_date)::date;
  found_state text;
begin
  select state into found_state from accounting_period where first_date = month for share;
  if found_state is null then
    -- "KV" and then "mnth": whoever begins to close a month waits for months that come into being.
    perform pg_advisory_xact_lock_shared(x'4b566d6e7468'::bigint);
    if exists (select from accounting_period where first_date > month and state <> 'open') then
      return 'closed';
    end if;
    insert into accounting_period (period, first_date, last_date, state)
      values (to_char(month, 'YYYY-MM'), month, (month + interval '1 month')::date - 1, 'open')
      on conflict do nothing;
    select state into found_state from accounting_period where first_date = month for share;
  end if;
  if found_state = 'open' and exists (
      select from accounting_period where first_date > month and state <> 'open') then
    return 'closed';
  end if;
  return found_state;
end $$;

-- The date on which something is booked that should be booked on a date: that date, or the first
-- day of the next month that is open.
create function booking_date(wanted date) returns date language plpgsql as $$
declare
  booked date := wanted;
begin
  while held_period_state(booked) <> 'open' loop
    booked := (date_trunc('month', booked) + interval '1 month')::date;
  end loop;
  return booked;
end $$;

create function needs_open_period() returns trigger language plpgsql as $$
begin
  if held_period_state(new.accounting_date) <> 'open' then
    raise exception 'the period of % is not open: % takes nothing on that date',
      new.accounting_date, tg_table_name using errcode = 'restrict_violation';
  end if;
  return new;
end $$;
create trigger entry_in_open_period before insert on entry
  for each row execute function needs_open_period();
create trigger clearing_run_in_open_period before insert on clearing_run
  for each row execute function needs_open_period();

-- Nor does an entry of such a period get further lines.
create function posting_needs_open_period() returns trigger language plpgsql as $$
begin
  if exists (
    select from added a join entry e on e.entry_id = a.entry_id
    join accounting_period p on e.accounting_date between p.first_date and p.last_date
    where p.state <> 'open'
  ) then
    raise exception 'the period of the entry is not open' using errcode = 'restrict_violation';
  end if;
  return null;
end $$;
create trigger posting_in_open_period after insert on posting
  referencing new table as added for each statement execute function posting_needs_open_period();

-- Nor do the kept sums of rides of such a period change.
create function sum_needs_open_period() returns trigger language plpgsql as $$
begin
  if exists (
    select from accounting_period p join changed c
      on c.accounting_date between p.first_date and p.last_date
    where p.state <> 'open'
  ) then
    raise exception 'the period of the sum is not open' using errcode = 'restrict_violation';
  end if;
  return null;
end $$;
create trigger ride_sum_added_in_open_period after insert on ride_sum
  referencing new table as changed for each statement execute function sum_needs_open_period();
create trigger ride_sum_changed_in_open_period after update on ride_sum
  referencing new table as changed for each statement execute function sum_needs_open_period();
create trigger ride_sum_append_only before delete on ride_sum
  for each row execute function is_append_only();

-- A ride is never changed; it is reversed once, by a run of an open period. Only an erasure puts
-- nobody in the place of its rider.
create function ride_is_only_reversed() returns trigger language plpgsql as $$
begin
  raise exception 'a ride is never changed, only reversed once' using errcode = 'restrict_violation';
end $$;
create trigger ride_only_reversed before update on ride for each row
  when ((old.reversed_run_id is not null
      and old.reversed_run_id is distinct from new.reversed_run_id)
    or row(old.fare_day, old.lane, old.ride_id, old.run_id, old.started_at,
      old.ended_at, old.device_id, old.epoch, old.seq, old.off_device_id, old.off_epoch,
      old.off_seq, old.riders, old.category, old.product, old.medium, old.mode, old.operator_id,
      old.route, old.currency, old.nominal_minor, old.charged_minor, old.tariff_version,
      old.reason)
    is distinct from row(new.fare_day, new.lane, new.ride_id, new.run_id,
      new.started_at, new.ended_at, new.device_id, new.epoch, new.seq, new.off_device_id,
      new.off_epoch, new.off_seq, new.riders, new.category, new.product, new.medium, new.mode,
      new.operator_id, new.route, new.currency, new.nominal_minor, new.charged_minor,
      new.tariff_version, new.reason))
  execute function ride_is_only_reversed();
create trigger ride_append_only before delete on ride
  for each row execute function is_append_only();
create trigger clearing_run_stays before update on clearing_run for each row
  when (row(old.run_id, old.lane, old.accounting_date, old.started_at, old.rider_days, old.taps,
      old.rides_added, old.rides_reversed)
    is distinct from row(new.run_id, new.lane, new.accounting_date, new.started_at,
      new.rider_days, new.taps, new.rides_added, new.rides_reversed))
  execute function is_append_only();
create trigger clearing_run_append_only before delete on clearing_run
  for each row execute function is_append_only();
create trigger entry_seal_append_only before update or delete on entry_seal
  for each row execute function is_append_only();
create trigger period_tree_append_only before update or delete on period_tree
  for each row execute function is_append_only();
create trigger period_report_append_only before update or delete on period_report
  for each row execute function is_append_only();

-- A closed period never changes, and none is taken away.
create trigger accounting_period_closed_stays before update on accounting_period for each row
  when (old.state = 'closed') execute function is_append_only();
create trigger accounting_period_stays before delete on accounting_period
  for each row execute function is_append_only();
create trigger adjustment_decided_stays before update on adjustment for each row
  when (old.state <> 'requested') execute function is_append_only();
create trigger adjustment_line_append_only before update or delete on adjustment_line
  for each row execute function is_append_only();
-- Sessions: the handshake as it went over the wire. Their keys are not kept: they follow from it and
-- a secret of the service.
create table device_session (
  session_id uuid primary key,
  device_id text not null references device,
  public_key bytea not null,         -- the key that signed the proposal
  proposal bytea not null,
  proposal_signature bytea not null,
  grant_body bytea not null,
  grant_signature bytea not null,
  opened_at timestamptz not null,
  expires_at timestamptz not null,
  service_key bytea                  -- the key that signed the grant
);
create index device_session_device on device_session (device_id, opened_at);

-- Requests of a session that brought nothing new: the running hash cannot be followed without them.
create table session_repeat (
  session_id uuid not null references device_session,
  request_count bigint not null,
  body_digest bytea not null,
  mac bytea not null,
  chain bytea not null,
  received_at timestamptz not null,
  primary key (session_id, request_count)
);

-- The device's signature over the running hash up to a request.
create table session_checkpoint (
  session_id uuid not null references device_session,
  request_count bigint not null,
  chain bytea not null,
  signature bytea not null,
  received_at timestamptz not null,
  primary key (session_id, request_count)
);
-- Every version of a row of the tables that money rests on leaves its digest, in a list that is only
-- added to. A row that is not as its newest digest says was changed by no statement of the program;
-- the list itself goes into the trees of the periods.

create table row_seal (
  seal_id bigint generated always as identity primary key,
  table_name text not null,
  row_key text not null,             -- the columns that name the row, with / between them
  digest bytea not null check (length(digest) in (0, 32)),  -- empty: the row is gone
  period text references accounting_period,  -- the month with whose close it was proven; null: not yet
  stamp bytea check (length(stamp) = 32)  -- HMAC under a key that is not here; null: written by hand
);
create index row_seal_row on row_seal (table_name, row_key, seal_id);
create index row_seal_period on row_seal (period, table_name, seal_id);
create trigger row_seal_stays before update on row_seal for each row
  when (old.period is not null
    or row(old.seal_id, old.table_name, old.row_key, old.digest, old.stamp)
      is distinct from row(new.seal_id, new.table_name, new.row_key, new.digest, new.stamp))
  execute function is_append_only();
create trigger row_seal_append_only before delete on row_seal
  for each row execute function is_append_only();

-- What names a row.
create function row_key(image jsonb, key_columns text[]) returns text
language sql immutable parallel safe as $$
  select string_agg(image ->> name, '/' order by place)
  from unnest(key_columns) with ordinality as k (name, place)
$$;

-- The digest of a row. Empty columns are left out, so that a column that is added later changes no
-- digest. The caller's time zone has to be UTC.
create function row_digest(image jsonb, left_out text[]) returns bytea
language sql immutable parallel safe as $$
  select sha256(convert_to(jsonb_strip_nulls(image - left_out)::text, 'UTF8'))
$$;

-- The text of a row as jsonb_strip_nulls(to_jsonb(row) - left_out)::text would write it, as an
-- expression over the columns of `place`: making a jsonb of each row was half of the cost of a seal.
-- jsonb puts shorter names first, and names of one length in the order of their bytes.
create function seal_text(name text, left_out text[], place text) returns text
language sql stable as $$
  select format('''{'' || substr(concat(%s), 3) || ''}''', string_agg(
    case when a.attnotnull then format('%L, %s', label, value)
      else format('%L || %s::text', label, value) end,
    ', ' order by length(a.attname::text), a.attname::text collate "C"))
  from pg_attribute a
  cross join lateral (select format('%s.%I', place, a.attname)) c (col)
  cross join lateral (select format(', %s: ', to_json(a.attname::text)),
    case when a.atttypid in ('int2'::regtype, 'int4'::regtype, 'int8'::regtype) then col
      when a.atttypid = 'bool'::regtype then col || '::text'
      when a.atttypid in ('text'::regtype, 'date'::regtype, 'uuid'::regtype, 'bytea'::regtype,
        'timestamptz'::regtype) then format('to_json(%s)', col)
      else format('nullif(jsonb_strip_nulls(to_jsonb(%s)), ''null'')', col) end) f (label, value)
  where a.attrelid = name::regclass and a.attnum > 0 and not a.attisdropped
    and a.attname <> all (left_out)
$$;

-- Whether a row `n` says another thing than `o` did, as an expression over the columns of both.
create function seal_change(name text, left_out text[]) returns text
language sql stable as $$
  select format('row(%s) is distinct from row(%s)', string_agg(format(form, 'n', a.attname), ', '),
    string_agg(format(form, 'o', a.attname), ', '))
  from pg_attribute a
  -- Equal values of these types have equal texts; of others (1.0 and 1.00) the texts are compared.
  cross join lateral (select case when a.atttypid in ('int2'::regtype, 'int4'::regtype,
    'int8'::regtype, 'bool'::regtype, 'text'::regtype, 'date'::regtype, 'uuid'::regtype,
    'bytea'::regtype, 'timestamptz'::regtype) then '%s.%I' else 'to_jsonb(%s.%I)::text' end) f (form)
  where a.attrelid = name::regclass and a.attnum > 0 and not a.attisdropped
    and a.attname <> all (left_out)
$$;

-- What names a row, as row_key does.
create function seal_key(key_columns text[], place text) returns text
language sql immutable as $$
  select format('concat_ws(''/'', %s)',
    string_agg(format('%s.%I::text', place, k.name), ', ' order by k.number))
  from unnest(key_columns) with ordinality as k (name, number)
$$;

-- The statement that seals rows of a table: `source` gives their keys and texts, no text for a row that
-- is gone. The stamp is HMAC-SHA-256 over number, table, row and digest, under a key that is never in
-- the database: the setting holds its two blocks in hexadecimal digits, 64 bytes each. An empty setting
-- stands for a person who writes by hand all the same, and there is no stamp.
--
-- Numbers are drawn and digests are made once for each row: OFFSET keeps the planner from merging.
create function seal_statement(name text, source text) returns text
language sql immutable as $$
  select format($sql$insert into row_seal (seal_id, table_name, row_key, digest, stamp)
      overriding system value
    select s.id, %1$L, s.key, s.digest, sha256(b.outer_block || sha256(b.inner_block || convert_to(
      concat_ws('/', s.id, %1$L, s.key, encode(s.digest, 'hex')), 'UTF8')))
    from (select decode(left(k, 128), 'hex') as inner_block, decode(substr(k, 129), 'hex') as outer_block
        from nullif(current_setting('kvytok.seal_key', true), '') k offset 0) b
      cross join (select nextval('row_seal_seal_id_seq') as id, c.key,
        case when c.image is null then '' else sha256(convert_to(c.image, 'UTF8')) end as digest
        from (%2$s) c offset 0) s$sql$, name, source)
$$;

-- Refuses rows that were sealed without the setting.
create function seals_need_key(name text, sealed bigint) returns void language plpgsql as $$
begin
  if sealed > 0 and current_setting('kvytok.seal_key', true) is null then
    raise exception '% is written by kvytok alone', name using errcode = 'restrict_violation',
      detail = 'This connection has not the key that stamps rows of money (keys/token-hmac.key).',
      hint = 'Name the folder of the service with --data. Correct the books by "kvytok ledger adjust".';
  end if;
end $$;

-- Seals the rows of a table from now on, all of a statement at once.
--
-- It names the columns that the table has: a migration that adds a column to a sealed table calls this
-- again. Where that column has a value in rows that are there, their digests change too, and the
-- migration has to add them to row_seal anew.
create function seal_columns(name text, key_columns text, left_out text) returns void
language plpgsql as $$
declare
  keys text[] := string_to_array(key_columns, ',');
  left_columns text[] := string_to_array(left_out, ',');
begin
  execute format($sql$create or replace function %I() returns trigger language plpgsql
    set timezone = 'UTC' set datestyle = 'ISO, YMD' set extra_float_digits = 1 as $body$
    declare
      sealed bigint;
    begin
      if tg_op = 'INSERT' then
        %s;
      elsif tg_op = 'UPDATE' then
        %s;
      else
        %s;
      end if;
      get diagnostics sealed = row_count;
      perform seals_need_key(tg_table_name, sealed);
      return null;
    end $body$ $sql$, name || '_sealed',
    seal_statement(name, format('select %s as key, %s as image from added n offset 0',
      seal_key(keys, 'n'), seal_text(name, left_columns, 'n'))),
    seal_statement(name, format('select coalesce(n.seal_key, o.seal_key) as key, '
      'case when n.seal_key is not null then %s end as image '
      'from (select %s as seal_key, n.* from added n offset 0) n '
      'full join (select %s as seal_key, o.* from removed o offset 0) o on o.seal_key = n.seal_key '
      'where n.seal_key is null or o.seal_key is null or %s offset 0',
      seal_text(name, left_columns, 'n'), seal_key(keys, 'n'), seal_key(keys, 'o'),
      seal_change(name, left_columns))),
    seal_statement(name, format('select %s as key, null::text as image from removed n',
      seal_key(keys, 'n'))));
  execute format('create or replace trigger %I after insert on %I referencing new table as added '
    'for each statement execute function %I(%L, %L)',
    name || '_sealed_in', name, name || '_sealed', key_columns, left_out);
  execute format('create or replace trigger %I after update on %I referencing old table as removed '
    'new table as added for each statement execute function %I(%L, %L)',
    name || '_sealed_anew', name, name || '_sealed', key_columns, left_out);
  execute format('create or replace trigger %I after delete on %I referencing old table as removed '
    'for each statement execute function %I(%L, %L)',
    name || '_sealed_out', name, name || '_sealed', key_columns, left_out);
end $$;

-- Seals a table from now on, with the rows that it has. `left_out` are columns that are none of the
-- money's: when something is due again, and who it was, for riders may be erased later.
create function seal_table(name text, key_columns text, left_out text) returns void
language plpgsql set timezone = 'UTC' set datestyle = 'ISO, YMD' set extra_float_digits = 1 as $$
declare
  sealed bigint;
begin
  perform seal_columns(name, key_columns, left_out);
  execute seal_statement(name, format('select %s as key, %s as image from %I n order by 1',
    seal_key(string_to_array(key_columns, ','), 'n'),
    seal_text(name, string_to_array(left_out, ','), 'n'), name));
  get diagnostics sealed = row_count;
  perform seals_need_key(name, sealed);
end $$;

do $$
begin
  perform seal_table('wallet_rule', 'currency', '');
  perform seal_table('wallet_account', 'account_id', 'rider_id');
  perform seal_table('wallet_day', 'account_id,fare_day', '');
  perform seal_table('wallet_movement', 'movement_id', '');
  perform seal_table('product_holding', 'holding_id', 'rider_id');
  perform seal_table('product_recognition', 'fare_day,product,currency', '');
  perform seal_table('charge_day', 'fare_day', '');
  perform seal_table('charge_window', 'window_id', 'rider_id,medium_id,next_at,asked_at');
  perform seal_table('charge_event', 'event_id', 'medium_id');
  perform seal_table('money_order', 'order_id', '');
  perform seal_table('charge_refund', 'refund_id', 'next_at,asked_at');
  perform seal_table('chargeback', 'case_id', '');
  perform seal_table('acquirer_file', 'file_id', '');
  perform seal_table('clearing_line', 'number,window_id,attempt,refund_id', '');
  perform seal_table('acquirer_record', 'record_id', '');
  perform seal_table('acquirer_message', 'message_id', '');
  perform seal_table('operator_account', 'operator_id', '');
  perform seal_table('payment_message', 'message_id', '');
  perform seal_table('payout', 'payout_id', '');
  perform seal_table('concession_rate', 'category,operator_id,from_day,currency', '');
  perform seal_table('subsidy_claim', 'claim_id', '');
  perform seal_table('subsidy_line', 'claim_id,operator_id,category', '');
  perform seal_table('subsidy_ride', 'fare_day,lane,ride_id,is_taken_back', '');
  perform seal_table('adjustment', 'adjustment_id', '');
  perform seal_table('adjustment_line', 'adjustment_id,line', '');
  perform seal_table('rerating_order', 'order_id', '');
  perform seal_table('tariff_version', 'version', '');
  perform seal_table('setting', 'name', '');
end $$;

-- Sums of charge windows, kept by those who write them: reports over months are made of these. Rows are
-- only added, so that nobody waits for the row of a day; charging makes one row of many now and then.
create table charge_sum (
  sum_id bigint generated always as identity primary key,
  fare_day date not null,
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  windows bigint not null,
  amount_minor bigint not null,
  authorised_windows bigint not null,   -- promised by the acquirer or taken
  authorised_minor bigint not null,
  captured_windows bigint not null,
  captured_minor bigint not null,
  settled_windows bigint not null,
  settled_minor bigint not null,
  unsettled_windows bigint not null     -- taken and not funded in full
);
create index charge_sum_day on charge_sum (fare_day);

-- Lines of the acquirer by the fare day of their window, or by their value date where they have none.
create table acquirer_sum (
  sum_id bigint generated always as identity primary key,
  fare_day date not null,
  category text not null,
  kind text not null,
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  records bigint not null,
  gross_minor bigint not null,
  fee_minor bigint not null,
  file_id bigint not null               -- in which they are
);
create index acquirer_sum_day on acquirer_sum (fare_day);

-- Card payments that were booked, less those that the acquirer did not honour. Rows are only added.
create table capture_sum (
  sum_id bigint generated always as identity primary key,
  accounting_date date not null,
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  captures bigint not null
);
create index capture_sum_day on capture_sum (accounting_date);

create function captures_summed() returns trigger language plpgsql as $$
begin
  insert into capture_sum (accounting_date, currency, captures)
  select e.accounting_date, e.currency, sum(case a.kind when 'captured' then 1 else -1 end)
  from added a join entry e on e.entry_id = a.entry_id
  where a.kind in ('captured', 'declined') and e.kind = 'payment'
  group by e.accounting_date, e.currency;
  return null;
end $$;
create trigger captures_summed after insert on charge_event
  referencing new table as added for each statement execute function captures_summed();

-- Windows of which something is left to tell one by one: of a month that is paid these are few.
create index charge_window_rest on charge_window (fare_day)
  where due_minor <> 0 or offset_minor <> 0 or written_off_minor > 0
    or captured_minor > settled_minor or charged_back_minor > 0 or refunded_minor > 0;

-- Riders' days that wait for an account are woken by what makes it known.
-- The lock is a share of the work `accounts` of charging: while anybody holds one, no day is marked, since who
-- wakes days may not see one that is just beginning to wait.
create function wake_days(riders uuid[]) returns void language plpgsql as $$
begin
  if cardinality(riders) > 0 then
    perform pg_advisory_xact_lock_shared(1263927316, 7);
    update charge_day_waiting set waits_for_account = false, woken_at = clock_timestamp()
    where rider_id = any(riders);
  end if;
end $$;

create function medium_wakes_days() returns trigger language plpgsql as $$
begin
  perform wake_days(array[old.rider_id, new.rider_id]);
  return null;
end $$;
create trigger medium_wakes_days after update of rider_id, account_reference on medium for each row
  when (old.rider_id <> new.rider_id or old.account_reference is distinct from new.account_reference)
  execute function medium_wakes_days();
create trigger medium_gone_wakes_days after delete on medium for each row
  execute function medium_wakes_days();

-- A card for good, or a phone that the acquirer took for good. A card that founds its rider has no phone beside it, and
-- no check of a card tells of one.
create function bank_medium_wakes_days() returns trigger language plpgsql as $$
begin
  perform wake_days(array(
    select a.rider_id from added a where a.kind = 'bank' and (a.rider_id <> a.medium_id
      or exists (select from medium p where p.rider_id = a.rider_id and p.kind = 'phone'))));
  return null;
end $$;
create trigger bank_medium_wakes_days after insert on medium referencing new table as added
  for each statement execute function bank_medium_wakes_days();
create function taken_phone_wakes_days() returns trigger language plpgsql as $$
begin
  perform wake_days(array(
    select rider_id from medium where medium_id = new.medium_id and kind = 'phone'));
  return null;
end $$;
create trigger taken_phone_wakes_days after insert on charge_event for each row
  when (new.kind = 'card_good') execute function taken_phone_wakes_days();

-- Whoever is in the rider's place from now on is looked at anew.
create function moved_day_is_awake() returns trigger language plpgsql as $$
begin
  new.waits_for_account := false;
  new.woken_at := clock_timestamp();
  return new;
end $$;
create trigger moved_day_is_awake before update of rider_id on charge_day_waiting for each row
  when (old.rider_id <> new.rider_id) execute function moved_day_is_awake();

-- A row of money that was written by hand is a finding of every proof. Once two people have looked at it,
-- the finding is accepted as it then was: whatever becomes of the row afterwards is a new one.
create table accepted_finding (
  acceptance_id bigint generated always as identity primary key,
  table_name text not null,
  row_key text not null,
  image_digest bytea not null,      -- of the row as it was looked at; empty: it was gone
  seals text not null,              -- its digests without a right stamp: ' number:digest number:digest '
  finding text not null,            -- what the proof said of the row
  reason text not null check (reason <> ''),
  requested_by text not null check (requested_by <> ''),
  requested_at timestamptz not null,
  state text not null default 'requested' check (state in ('requested', 'approved', 'refused')),
  decided_by text,
  decided_at timestamptz,
  check (lower(decided_by) <> lower(requested_by)),
  check ((state = 'requested') = (decided_by is null and decided_at is null))
);
create index accepted_finding_row on accepted_finding (table_name, row_key);
do $$
begin
  perform seal_table('accepted_finding', 'acceptance_id', '');
end $$;

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
create index stop_correction_alone on stop_correction (requested_at) where decided_by is null;
do $$
begin
  perform seal_table('stop_correction', 'correction_id', '');
end $$;

-- What was free or reduced because of the rider's category, as the reason of a ride says.

-- People of a ride who rode free because of the rider's category: the rider, without companions.
create function concession_free_people(reason text) returns bigint
language sql immutable parallel safe as $$
  select (reason like '%"code":"free\_category"%')::int::int8
$$;

-- People of a ride who paid less than the full price because of the category. The steps of a reason are
-- read as they are written, key by key: what was changed by hand must not stop a proof.
create function concession_reduced_people(reason text) returns bigint
language sql immutable parallel safe as $$
  select case when reason like '%"code":"reduced\_category"%' then coalesce(substring(reason from
    '"code":"reduced_category","rule":"(?:[^"\\]|\\.)*"(?:,"minor":-?\d+)?,"number":(\d{1,4})')::int8, 0)
    else 0 end
$$;

-- What a category took off the price of a ride, minor units.
create function concession_minor(reason text) returns bigint
language sql immutable parallel safe as $$
  select case when reason like '%\_category",%' then coalesce(substring(reason from
      '"code":"free_category","rule":"(?:[^"\\]|\\.)*","minor":(-?\d{1,18})')::int8, 0)
    + coalesce(substring(reason from
      '"code":"reduced_category","rule":"(?:[^"\\]|\\.)*","minor":(-?\d{1,18})')::int8, 0)
    else 0 end
$$;

-- Declined windows by when they were recovered: what was owed on a day is looked for among those that
-- were not by then, and all that is asked of them first stands in the index.
create index charge_window_declined on charge_window (recovered_at, window_id)
  include (lane, rider_id, fare_day, currency, amount_minor, closed_at) where declined_at is not null;

-- What the bank says of the accounts (1100): their statements, each line once, with what it is the money
-- of.

-- The accounts of the house, of which there may be several in a currency: statements of others are not
-- taken.
create table bank_account (
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  iban text not null,
  changed_by text not null,
  changed_at timestamptz not null,
  bank_account_id bigint generated always as identity primary key,
  unique (iban, currency),
  unique (bank_account_id, currency)
);
create table bank_statement (
  statement_id bigint generated always as identity primary key,
  currency text not null,
  number text not null,                 -- the bank's name of it
  opening_day date not null,
  closing_day date not null,
  opening_minor bigint not null,
  closing_minor bigint not null,
  name text not null,                   -- of the file
  digest bytea not null,                -- of what it says
  taken_by text not null,
  taken_at timestamptz not null,
  bank_account_id bigint not null,
  kept_in text references accounting_period, -- the first month that was closed with it; null: none yet
  check (opening_day <= closing_day),
  foreign key (bank_account_id, currency) references bank_account (bank_account_id, currency),
  unique (bank_account_id, number)
);
create index bank_statement_days on bank_statement (bank_account_id, closing_day);

-- Money that came (above zero) or went. What a line is the money of has a row of its own kind, and no two
-- lines are the money of one thing.
create table statement_line (
  line_id bigint generated always as identity primary key,
  statement_id bigint not null references bank_statement,
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  reference text not null,              -- the bank's own, unique on the account
  booked_on date not null,              -- by the bank
  minor bigint not null check (minor <> 0),
  end_to_end text,
  counterparty text,
  remittance text not null,
  subject text not null check (subject in ('payout', 'payout_return', 'funding', 'claim', 'cash', 'fee',
    'transfer', 'product_transfer', 'refund', 'receipt', 'sale', 'debt', 'adjustment', 'line',
    'unknown')),
  subject_id bigint,
  note text,
  entry_id bigint references entry,     -- what the line booked on 1100
  match_entry_id bigint references entry, -- what a person's match took out of 2290
  book_entry_id bigint references entry, -- what had booked the money on 1100 already
  matched_by text,                      -- a person; null: a rule, or nobody yet
  matched_at timestamptz,
  bank_account_id bigint not null references bank_account,
  bank_code text,                       -- what the bank calls its kind
  match_kept_in text references accounting_period, -- the first month that was closed with its match
  settled_on date,                      -- the last day of the closed month from which on it stays as it is
  check ((subject in ('cash', 'fee', 'unknown')) = (subject_id is null)),
  check (entry_id is not null or book_entry_id is not null),
  check ((matched_by is null) = (matched_at is null)),
  unique (bank_account_id, reference)
);
create unique index statement_line_subject on statement_line (subject, subject_id, currency);
create index statement_line_statement on statement_line (statement_id);
create index statement_line_open on statement_line (line_id) where subject = 'unknown';
create index statement_line_matched on statement_line (line_id)
  where matched_by is not null and match_kept_in is null;
create index statement_line_match_kept on statement_line (match_kept_in)
  where match_kept_in is not null;
create index statement_line_settled on statement_line (settled_on);
create index statement_line_booked on statement_line (booked_on);

-- 1100 at the end of a closed month, and its entries that statements of until then do not explain: whoever
-- holds the bank against the books later begins here.
create table bank_point (
  day date not null,
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  booked_minor bigint not null,
  open_entries bigint[] not null,
  primary key (day, currency)
);

-- What desks wrote down as paid by transfer is looked for by the words that they wrote.
create index wallet_movement_by_bank on wallet_movement (reference) where channel = 'bank';
create index product_holding_by_bank on product_holding (reference) where channel = 'bank';

do $$ begin
  perform seal_table('bank_account', 'bank_account_id', '');
  perform seal_table('bank_point', 'day,currency', '');
  perform seal_table('bank_statement', 'statement_id', '');
  -- Who paid may be a rider, who may be erased later.
  perform seal_table('statement_line', 'line_id', 'counterparty,remittance');
end $$;

-- Top-ups, sales and what goes back of them by bank card, which have no charge window: each with the
-- acquirer's own name of it, by which lines of funding files pay it.
create table acquirer_sale (
  sale_id bigint generated always as identity primary key,
  kind text not null check (kind in ('payment', 'refund')),
  reference text not null,              -- the acquirer's name of it, as the desk was told
  payment_id bigint references acquirer_sale,  -- of a refund: the payment whose money goes back
  account_id bigint references wallet_account, -- of stored value; else of a pass or carnet:
  holding_id bigint references product_holding,
  sold_on date not null,                -- by the city's clock
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  minor bigint not null check (minor > 0),
  settled_minor bigint not null default 0,  -- of it: paid by the acquirer, or of a refund kept
  entry_id bigint not null references entry,
  unique (reference, kind),
  check (settled_minor between 0 and minor),
  check (kind = 'refund' or payment_id is null),
  check ((account_id is null) <> (holding_id is null))
);
create index acquirer_sale_payment on acquirer_sale (payment_id) where payment_id is not null;
create index acquirer_sale_holding on acquirer_sale (holding_id) where holding_id is not null;
create index acquirer_sale_open on acquirer_sale (sold_on) where settled_minor < minor;

-- Which sale a line is about.
alter table acquirer_record add column sale_id bigint references acquirer_sale;
-- What the acquirer kept so far; null: nothing.
alter table charge_refund add column kept_minor bigint, add check (kept_minor between 0 and minor);
-- What it kept for the opening, and what it paid for the winning; null: nothing.
alter table chargeback
  add column kept_minor bigint, add column paid_minor bigint,
  add check (kept_minor between 0 and minor), add check (paid_minor between 0 and minor);
-- How the money of a pass or carnet went back.
alter table product_holding
  add column refund_channel text check (refund_channel in ('cash', 'bank', 'acquirer', 'wallet')),
  add column refund_place text,    -- the desk that gave cash back
  add column refund_receipt text;  -- its receipt, or the acquirer's reference
create index wallet_movement_bank_refund on wallet_movement (account_id)
  where kind = 'refund' and channel = 'bank';
-- A dispute is about a charge window, or about a top-up by bank card: that one comes off stored value.
alter table chargeback alter column window_id drop not null,
  add column sale_id bigint references acquirer_sale,
  add constraint chargeback_subject check ((window_id is null) <> (sale_id is null));
create index chargeback_sale on chargeback (sale_id) where sale_id is not null;

do $$ begin
  perform seal_table('acquirer_sale', 'sale_id', '');
  perform seal_columns('acquirer_record', 'record_id', '');
  perform seal_columns('charge_refund', 'refund_id', 'next_at,asked_at');
  perform seal_columns('chargeback', 'case_id', '');
  perform seal_columns('product_holding', 'holding_id', 'rider_id');
end $$;

-- Each window says what no acquirer gives back, and what of its refunds is for a desk.
alter table charge_window
  add column desk_minor bigint,          -- of the settled: no acquirer gives it back; null: nothing
  add column desk_refunded_minor bigint, -- of the refunded: a desk pays it back; null: nothing
  add check (desk_minor between 0 and settled_minor),
  add check (desk_refunded_minor between 0 and refunded_minor);

-- Money that a desk took for a debt has the desk, the receipt (the reference) and a key: sent again under
-- the key it is the same money.
alter table charge_event add column place text, add column idempotency_key text;
create unique index charge_event_key on charge_event (idempotency_key)
  where idempotency_key is not null;

-- A capture that the acquirer does not pay and that cannot be owed again waits for a person, as a message
-- that fits nothing does: who looked into it, when, and what came of it.
alter table acquirer_record drop constraint acquirer_record_category_check,
  add constraint acquirer_record_category_check check (category in ('matched', 'missing_here',
    'amount_differs', 'twice', 'declined', 'not_honoured', 'unknown')),
  add column decided_at timestamptz, add column decided_by text, add column decision text,
  add constraint acquirer_record_decision check (
    (decided_at is null) = (decided_by is null) and (decided_at is null) = (decision is null));
create index acquirer_record_kept on acquirer_record (record_id) where category = 'not_honoured';

do $$ begin
  perform seal_columns('charge_window', 'window_id', 'rider_id,medium_id,next_at,asked_at');
  perform seal_columns('charge_event', 'event_id', 'medium_id');
  perform seal_columns('acquirer_record', 'record_id', '');
end $$;

-- What of a window's refunds no fare took back: fares that fall are set off against it.
alter table charge_window
  add column goodwill_minor bigint,      -- of the refunded: no fare took it back; null: nothing
  add check (goodwill_minor between 0 and refunded_minor);
do $$ begin
  perform seal_columns('charge_window', 'window_id', 'rider_id,medium_id,next_at,asked_at');
end $$;

-- What of a top-up by bank card the acquirer does not pay: it came off stored value.
alter table acquirer_sale
  add column declined_minor bigint,      -- of it: not paid by the acquirer; null: nothing
  add constraint acquirer_sale_declined check (declined_minor between 0 and minor - settled_minor);
do $$ begin
  perform seal_columns('acquirer_sale', 'sale_id', '');
end $$;

-- What paid a refund back that the acquirer did not take: a desk, or the bank.
alter table charge_refund
  add column paid_entry_id bigint references entry,  -- of a failed one: what paid it back; null: nothing yet
  add constraint charge_refund_paid_back check (paid_entry_id is null or state = 'failed');
do $$ begin
  perform seal_columns('charge_refund', 'refund_id', 'next_at,asked_at');
end $$;

-- What of a window's disputes was lost and no fare took back: fares that fall are set off against it.
alter table charge_window
  add column lost_minor bigint,          -- of the charged back: lost, and no fare took it back; null: nothing
  add check (lost_minor between 0 and charged_back_minor);
do $$ begin
  perform seal_columns('charge_window', 'window_id', 'rider_id,medium_id,next_at,asked_at');
end $$;

-- What fares of riders who were erased come to otherwise since: nobody is there who owes or gets back the
-- difference.
create table erased_fare (
  erased_fare_id bigint generated always as identity primary key,
  lane smallint not null,
  rider_id uuid not null,               -- the number under which the rides of an erased rider go on
  fare_day date not null,
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  is_stored_value boolean not null,     -- of rides with cards and QR codes; else with bank cards and phones
  minor bigint not null check (minor <> 0),  -- what the day costs more since; below zero: less
  booked_at timestamptz not null,
  entry_id bigint not null references entry
);
create index erased_fare_day on erased_fare (lane, rider_id, fare_day);
create index erased_fare_entry on erased_fare (entry_id);
create trigger erased_fare_append_only before update or delete on erased_fare
  for each row execute function is_append_only();
create index rider_erased on rider (rider_id) where erased_at is not null;
do $$ begin
  perform seal_table('erased_fare', 'erased_fare_id', '');
end $$;

-- Riders' days whose stops were found or corrected since they were shared by distance.
create table share_recount (
  lane smallint not null,
  rider_id uuid not null,
  fare_day date not null,
  primary key (lane, rider_id, fare_day)
);

-- The report of the reconciliation lists what was settled and not paid by a file: what desks took, and lines of
-- files by their windows.
create index charge_window_desk on charge_window (fare_day) where desk_minor <> 0;
create index acquirer_record_window on acquirer_record (window_id) where window_id is not null;

-- What persons changed of the past by where a validator was, by proofs of categories and by merging riders, and
-- the limit of what one may: done by one person, or waiting until another says the same.
create table past_change (
  change_id bigint generated always as identity primary key,
  kind text not null check (kind in ('place', 'entitlement', 'medium', 'limit')),
  wish bytea not null check (length(wish) = 32),  -- SHA-256 of what is to be done, and for whom
  what text not null check (what <> ''),          -- the same in words, without the rider
  change_minor bigint check (change_minor >= 0),  -- by how much fares change; null: nobody looked, or too much to
  state text not null check (state in ('requested', 'done', 'lapsed')),
  requested_by text not null check (requested_by <> ''),
  requested_digest bytea not null,
  requested_at timestamptz not null,
  decided_by text,                                -- who said the same; null: done by one person
  decided_digest bytea,
  decided_at timestamptz,
  subject_id uuid,                                -- the rider, or the medium of a link; null once they were erased
  other_id uuid,                                  -- whom a merge leaves
  constraint past_change_second_person check (lower(decided_by) <> lower(requested_by)),
  constraint past_change_two_people
    check (state <> 'done' or decided_by is not null or change_minor is not null and kind <> 'limit')
);
create unique index past_change_requested on past_change (wish) where state = 'requested';
create index past_change_alone on past_change (requested_at) where decided_by is null;
do $$ begin
  perform seal_table('past_change', 'change_id', 'subject_id,other_id');
end $$;
