-- A month before one that is closed takes nothing any more. It was open for as long as nobody had touched it: a line
-- of the bank's of such a month went into it, and then neither it nor any month after it could be closed.
create or replace function held_period_state(accounting_date date) returns text language plpgsql as $$
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
