-- The life of validators: their keys, places, heartbeats and gaps; decisions about impossible taps;
-- the deny list.

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
insert into device_key (device_id, public_key, valid_from, accepted_until, end_reason)
select device_id, public_key, coalesce(activated_at, enrolled_at), revoked_at,
  case when revoked_at is not null then 'revoked' end
from device where public_key is not null;

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
insert into device_assignment (device_id, valid_from, vehicle)
select device_id, enrolled_at, vehicle from device where vehicle is not null;
alter table device drop column vehicle;

alter table device add column replacing_since timestamptz;  -- a secret waits for other hardware
alter table device add column rotation_due_since timestamptz;  -- it was asked for another key
alter table device add column rotation_overlap_days smallint;

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

-- What a person decided about an impossible tap.
alter table tap_quarantine add column state text not null default 'held'
  check (state in ('held', 'released', 'discarded'));
alter table tap_quarantine add column decided_at timestamptz;
alter table tap_quarantine add column decided_by text;
alter table tap_quarantine add column decision_reason text;
alter table tap_quarantine add column corrected_at timestamptz;
alter table tap_quarantine add column corrected_riders smallint;
alter table tap_quarantine add column sorted_at timestamptz;
alter table tap_quarantine add check ((state = 'held') = (decided_at is null));
alter table tap_quarantine add check (
  state = 'held' or (decided_by is not null and decision_reason is not null));
create index tap_quarantine_released on tap_quarantine (device_id)
  where state = 'released' and sorted_at is null;
create index tap_quarantine_held on tap_quarantine (received_at) where state = 'held';

-- The version of the deny list that the validator used, and whether its place is the device's.
alter table tap add column deny_list_version bigint;
alter table tap add column assigned text check (assigned in ('vehicle', 'stop'));

-- What a validator computes from a token: it names the medium on the deny list.
alter table medium add column fingerprint bytea check (length(fingerprint) = 8);
create index medium_fingerprint on medium (fingerprint);

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
