-- A validator's place in the past, a proof of days in the past and a rider who turns out to be another change fares as an
-- order does. What one person changes so is measured, and above the limit it is done when another person says the same. The limit itself is set this way.
create table past_change (
  change_id bigint generated always as identity primary key,
  kind text not null check (kind in ('place', 'entitlement', 'medium', 'limit')),
  wish bytea not null check (length(wish) = 32),  -- SHA-256 of what is to be done, and for whom
  what text not null check (what <> ''),          -- the same in words, without the rider
  change_minor bigint check (change_minor >= 0),  -- by how much fares change; null: nobody looked, or too much to
  state text not null check (state in ('requested', 'done', 'lapsed')),
  requested_by text not null check (requested_by <> ''),
  requested_digest bytea not null,
  requested_at timestamptz not null,
  decided_by text,                                -- who said the same; null: done by one person
  decided_digest bytea,
  decided_at timestamptz,
  constraint past_change_second_person check (lower(decided_by) <> lower(requested_by)),
  constraint past_change_two_people
    check (state <> 'done' or decided_by is not null or change_minor is not null and kind <> 'limit')
);
create unique index past_change_requested on past_change (wish) where state = 'requested';
create index past_change_alone on past_change (requested_at) where decided_by is null;
do $$ begin
  perform seal_table('past_change', 'change_id', '');
end $$;
