-- A dispute that was lost, and then a fare that fell: the credit waited for ever, in favour of a rider who has the
-- money through the bank. Each window says what was lost and no fare took back; fares that fall are set off
-- against it.
alter table charge_window
  add column lost_minor bigint,          -- of the charged back: lost, and no fare took it back; null: nothing
  add check (lost_minor between 0 and charged_back_minor);
do $$ begin
  perform seal_columns('charge_window', 'window_id', 'rider_id,medium_id,next_at,asked_at');
end $$;

-- What is there already; a credit that waits is set off when it is looked at next.
update charge_window w set lost_minor = least(w.charged_back_minor, c.minor)
from (
  select window_id, sum(minor)::int8 as minor from chargeback where stage = 'lost' group by 1) c
where c.window_id = w.window_id and w.charged_back_minor > 0;
