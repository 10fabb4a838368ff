-- Of each medium the list kept its last change alone: once a card was off it again, nobody could say any more whether it
-- was on the list that a validator had when it turned the card away. Now what a change takes the place of is kept, and
-- with which version a medium came to the list first; of lines from before that is not known.
alter table deny_list
  add column first_version bigint;      -- null: before this was kept
create table deny_list_past (
  fingerprint bytea not null check (length(fingerprint) = 8),
  version bigint not null references deny_list_version,
  is_denied boolean not null,
  primary key (fingerprint, version)
);
