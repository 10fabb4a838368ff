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

create function bank_medium_has_standing() returns trigger language plpgsql as $$
begin
  insert into card_standing (medium_id, state, since, next_at)
    select medium_id, 'unknown', first_seen_at, first_seen_at from added where kind = 'bank'
    on conflict do nothing;
  return null;
end $$;
create trigger medium_has_standing after insert on medium
  referencing new table as added for each statement execute function bank_medium_has_standing();
insert into card_standing (medium_id, state, since, next_at)
  select medium_id, 'unknown', first_seen_at, first_seen_at from medium where kind = 'bank';

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

-- Which clearing runs have been looked at for changes of closed fare days.
alter table clearing_run add column windowed_at timestamptz;
create index clearing_run_not_windowed on clearing_run (run_id) where windowed_at is null;

-- Fare days whose charge windows are closed. Until then a window is a view of the rides.
create table charge_day (
  fare_day date primary key,
  closed_at timestamptz not null
);

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
create index charge_window_due on charge_window (next_at) where next_at is not null;
create index charge_window_day on charge_window (fare_day);
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
create trigger charge_event_append_only before update or delete on charge_event
  for each row execute function is_append_only();

-- What needs a second person: proposed by one, decided by another.
create table money_order (
  order_id bigint generated always as identity primary key,
  kind text not null check (kind in ('write_off', 'refund', 'payout', 'subsidy')),
  subject text not null,                -- window, operator or claim
  minor bigint not null check (minor > 0),
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  reason text not null,
  proposed_by text not null,
  proposed_at timestamptz not null,
  decision text check (decision in ('approved', 'refused')),
  decided_by text,
  decided_at timestamptz,
  check ((decision is null) = (decided_by is null) and (decision is null) = (decided_at is null)),
  check (decided_by <> proposed_by)
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
  unique (file_id, line)
);
create index acquirer_record_reference on acquirer_record (reference);
create index acquirer_record_odd on acquirer_record (category) where category <> 'matched';

-- Signed messages of the acquirer, by its own number: one that comes again is known.
create table acquirer_message (
  message_id text primary key,
  kind text not null,
  body text not null,
  outcome text not null,                -- 'applied', 'known', 'refused: …'
  received_at timestamptz not null
);

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
-- Which clearing runs have been looked at for shares.
alter table clearing_run add column shared_at timestamptz;
create index clearing_run_not_shared on clearing_run (run_id) where shared_at is null;

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
  confirmed_at timestamptz
);
create index payout_operator on payout (operator_id);
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
  primary key (category, operator_id, from_day),
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
create index subsidy_ride_claim on subsidy_ride (claim_id);

-- How far the money of a rider's bank-card rides of a fare day has come: which of the states of a
-- tap its rides are in. Rides of days without a row are not billed yet.
create view charged_rider_day as
  select fare_day, lane, rider_id, currency,
    case when bool_or(state = 'written_off') and bool_and(due_minor = 0) then 'written_off'
      when bool_and(state in ('settled', 'nothing', 'netted')) then 'settled'
      else 'billed' end as tap_state,
    sum(amount_minor)::bigint as amount_minor, sum(due_minor)::bigint as due_minor,
    sum(captured_minor - refunded_minor - charged_back_minor)::bigint as collected_minor,
    sum(settled_minor)::bigint as settled_minor,
    sum(written_off_minor)::bigint as written_off_minor, max(closed_at) as since,
    case when bool_or(state in ('retrying', 'debt')) then 'declined: ' || max(decline_code)
      when bool_or(state in ('closed', 'authorising', 'authorised', 'capturing'))
        then 'waits for an answer of the acquirer'
      when bool_or(state = 'captured') then 'waits for the funding'
      when bool_or(state = 'netting') then 'waits for another window of the day' end as reason
  from charge_window group by fare_day, lane, rider_id, currency;

-- Taps whose ride is in a charge window. A tap boards one ride that stands, or ends one.
create or replace view tap_billing as
  select t.fare_day, t.lane, t.rider_id, t.device_id, t.epoch, t.seq, d.tap_state as state,
    d.since, d.reason
  from charged_rider_day d
  join ride r on r.fare_day = d.fare_day and r.lane = d.lane and r.rider_id = d.rider_id
    and r.currency = d.currency and r.medium = 'bank' and r.reversed_run_id is null
    and r.charged_minor is not null
  cross join lateral (values (r.device_id, r.epoch, r.seq, false),
    (r.off_device_id, r.off_epoch, r.off_seq, true)) as n (device_id, epoch, seq, is_off)
  join tap t on t.device_id = n.device_id and t.epoch = n.epoch and t.seq = n.seq
    and t.rider_id = r.rider_id and (t.kind = 'off') = n.is_off;
