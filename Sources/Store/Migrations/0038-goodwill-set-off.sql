-- Goodwill that was given back, and then fares that fell: operators bore it twice, and the rider was owed what
-- nobody would pay. Each window says what of its refunds no fare took back; fares that fall are set off
-- against it.
alter table charge_window
  add column goodwill_minor bigint,      -- of the refunded: no fare took it back; null: nothing
  add check (goodwill_minor between 0 and refunded_minor);
do $$ begin
  perform seal_columns('charge_window', 'window_id', 'rider_id,medium_id,next_at,asked_at');
end $$;

-- What is there already; a credit that waits is set off when it is looked at next.
update charge_window w set goodwill_minor = least(w.refunded_minor, r.minor)
from (
  select window_id, sum(minor)::int8 as minor from charge_refund
  where cause = 'goodwill' and state not in ('awaiting', 'refused') group by 1) r
where r.window_id = w.window_id and w.refunded_minor > 0;
