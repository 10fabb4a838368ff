-- Whom a change of the past is about, so that changes which wait can be told apart. It is none of the money's, and an
-- erasure takes it away.
alter table past_change add column subject_id uuid, add column other_id uuid;
do $$ begin
  perform seal_columns('past_change', 'change_id', 'subject_id,other_id');
end $$;
