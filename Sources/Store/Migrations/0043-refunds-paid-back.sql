-- A refund that the acquirer did not take stayed to be paid whatever became of it, and could be paid twice: by
-- a desk and by the bank. Now it names the entry by which it was paid back.
alter table charge_refund
  add column paid_entry_id bigint references entry,  -- of a failed one: what paid it back; null: nothing yet
  add constraint charge_refund_paid_back check (paid_entry_id is null or state = 'failed');
do $$ begin
  perform seal_columns('charge_refund', 'refund_id', 'next_at,asked_at');
end $$;

-- What statements of the bank paid already.
update charge_refund r set paid_entry_id = coalesce(l.match_entry_id, l.entry_id)
from statement_line l
where l.subject = 'refund' and l.subject_id = r.refund_id and r.state = 'failed';
