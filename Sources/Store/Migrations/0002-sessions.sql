-- Batches in several formats, and sessions: a signed handshake yields a key for a day, requests carry
-- a MAC under it, and signed checkpoints of a running hash make them as good as signed ones.

alter table tap_batch
  add column format text not null default 'json'
    check (format in ('json', 'json+gzip', 'protobuf', 'protobuf+gzip')),
  add column session_id uuid,
  add column request_count bigint,
  add column mac bytea,
  add column chain bytea;
alter table tap_batch alter column signature drop not null;
-- What proves the sender: a signature of its own, or a request of a session.
alter table tap_batch add constraint tap_batch_proof check (
  (signature is not null and session_id is null)
  or (signature is null and session_id is not null and request_count is not null
    and mac is not null and chain is not null));

-- A row is rewritten with each batch of its device: room on its page keeps it where it is.
alter table device_epoch set (fillfactor = 40);
-- The session that the epoch's newest request came in, and where its running hash stands.
alter table device_epoch
  add column session_id uuid,
  add column session_count bigint,
  add column session_chain bytea,
  add column session_digest bytea,
  add column session_covered_count bigint,
  add column session_uncovered_since timestamptz;

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
  expires_at timestamptz not null
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
