-- A message of the acquirer that fits nothing waits for a person: who looked into it, when, and what came
-- of it. The list of those that wait is short, and the messages are many.
alter table acquirer_message add column decided_at timestamptz, add column decided_by text,
  add column decision text,
  add check ((decided_at is null) = (decided_by is null) and (decided_at is null) = (decision is null));
create index acquirer_message_kept on acquirer_message (received_at, message_id)
  where outcome not in ('taken', 'known already');
do $$ begin
  perform seal_columns('acquirer_message', 'message_id', '');
end $$;
