-- A line of a funding file about a dispute says which step of which case it pays, so that a second line
-- about the same step is known. Lines of before say nothing, and are taken as they were.
alter table acquirer_record add column case_id text,
  add column stage text check (stage in ('opened', 'won', 'lost'));
create index acquirer_record_case on acquirer_record (case_id) where case_id is not null;
do $$ begin
  perform seal_columns('acquirer_record', 'record_id', '');
end $$;

-- Two people are two, however their names are written.
alter table money_order drop constraint money_order_check1,
  add constraint money_order_second_person check (lower(decided_by) <> lower(proposed_by));
