-- What of the bank's statements a month had seen when it was closed: its kept reports show them as they
-- stood then. Null: none yet.
alter table bank_statement add column kept_in text references accounting_period;
alter table statement_line add column match_kept_in text references accounting_period,
  -- The last day of the closed month from which on nothing can change of it: what it says is in the books,
  -- and what the books have of it is in statements.
  add column settled_on date;
create index statement_line_matched on statement_line (line_id)
  where matched_by is not null and match_kept_in is null;
create index statement_line_settled on statement_line (settled_on);
create index statement_line_booked on statement_line (booked_on);

-- 1100 at the end of a closed month, and its entries that statements of until then do not explain: whoever
-- holds the bank against the books later begins here.
create table bank_point (
  day date not null,
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  booked_minor bigint not null,
  open_entries bigint[] not null,
  primary key (day, currency)
);
do $$ begin
  perform seal_table('bank_point', 'day,currency', '');
  -- These say what was looked at, and no amount hangs on them.
  perform seal_columns('bank_statement', 'statement_id', 'kept_in');
  perform seal_columns('statement_line', 'line_id',
    'counterparty,remittance,match_kept_in,settled_on');
end $$;
