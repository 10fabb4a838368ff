-- A row of money that was written by hand is a finding of every proof. Once two people have looked at it,
-- the finding is accepted as it then was: whatever becomes of the row afterwards is a new one.
create table accepted_finding (
  acceptance_id bigint generated always as identity primary key,
  table_name text not null,
  row_key text not null,
  image_digest bytea not null,      -- of the row as it was looked at; empty: it was gone
  seals text not null,              -- its digests without a right stamp: ' number:digest number:digest '
  finding text not null,            -- what the proof said of the row
  reason text not null check (reason <> ''),
  requested_by text not null check (requested_by <> ''),
  requested_at timestamptz not null,
  state text not null default 'requested' check (state in ('requested', 'approved', 'refused')),
  decided_by text,
  decided_at timestamptz,
  check (lower(decided_by) <> lower(requested_by)),
  check ((state = 'requested') = (decided_by is null and decided_at is null))
);
create index accepted_finding_row on accepted_finding (table_name, row_key);
do $$
begin
  perform seal_table('accepted_finding', 'acceptance_id', '');
end $$;
