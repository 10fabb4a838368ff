-- A transfer to a rider that two people paid otherwise, in cash for one, could be paid by the bank as well: nothing
-- said that it was paid. Now an adjustment says what it pays, and nothing is paid twice.
alter table adjustment
  add column pays text check (pays ~ '^[THR][1-9][0-9]*( [THR][1-9][0-9]*)*$');
do $$ begin
  perform seal_columns('adjustment', 'adjustment_id', '');
end $$;
