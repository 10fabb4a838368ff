-- What desks took of a charge window was counted with what the acquirer took: so the acquirer was asked to
-- give it back. Now each window says what no acquirer gives back, and what of its refunds is for a desk.
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

-- What is there already: the events say what desks took, and refunds what was left to a desk.
update charge_window w set desk_minor = d.minor
from (
  select window_id, sum(minor)::int8 as minor from charge_event
  where kind = 'paid_at_desk' group by 1) d
where d.window_id = w.window_id and d.minor > 0;
update charge_window w set desk_refunded_minor = least(w.refunded_minor, r.minor)
from (
  select window_id, sum(minor)::int8 as minor from charge_refund
  where state = 'failed' and fault = 'paid at a desk: pay it back there' group by 1) r
where r.window_id = w.window_id and r.minor > 0;
