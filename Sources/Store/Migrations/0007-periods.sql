-- Months of the books, their proof, and corrections by two people.

-- A period that is not open takes no entries. A month without a row is open.
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
-- until then, for whoever begins to close it waits.
create function held_period_state(accounting_date date) returns text language plpgsql as $$
declare
  month date := date_trunc('month', accounting_date)::date;
  found_state text;
begin
  select state into found_state from accounting_period where first_date = month for share;
  if found_state is null then
    insert into accounting_period (period, first_date, last_date, state)
      values (to_char(month, 'YYYY-MM'), month, (month + interval '1 month')::date - 1, 'open')
      on conflict do nothing;
    select state into found_state from accounting_period where first_date = month for share;
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
