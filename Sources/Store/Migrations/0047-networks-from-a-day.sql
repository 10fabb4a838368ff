-- A network holds from a fare day on, and the days before it keep the one of then. Null: it holds for all days, as
-- every network did so far.
alter table network_feed add column first_day date;
-- The same archive may hold again from another day on, and what it held for before stays so.
alter table network_feed drop constraint network_feed_digest_key;
create unique index network_feed_of_all_days on network_feed (digest) where first_day is null;
