-- Riders and their money: media with a life of their own, proofs, stored value, passes and carnets.

-- A merged rider's rides and money are another's now; an erased one is nobody any more.
alter table rider add column merged_into uuid references rider;
alter table rider add column erased_at timestamptz;

-- `account_reference`: keyed digest of a bank card's payment account reference (EMV PAR), which the
-- plastic and every phone of one card share though their numbers differ.
alter table medium add column state text not null default 'active'
  check (state in ('active', 'blocked', 'replaced'));
alter table medium add column replaced_by uuid references medium;
alter table medium add column account_reference bytea;
alter table medium add column valid_to date;
create index medium_account_reference on medium (account_reference)
  where account_reference is not null;
create index medium_valid_to on medium (valid_to) where valid_to is not null;

-- What kind of paper proves it, and a keyed digest of the paper's number.
alter table entitlement add column proof_kind text;
alter table entitlement add column proof_digest bytea;
create index entitlement_proof on entitlement (proof_digest) where proof_digest is not null;
create index entitlement_valid_to on entitlement (valid_to) where valid_to is not null;

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
    check (kind in ('top_up', 'ride', 'purchase', 'refund', 'transfer', 'correction')),
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
