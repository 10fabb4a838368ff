-- What the bank says of the account (1100): its statements, each line once, with what it is the money of.

-- The account of the house in a currency: statements of another are not taken.
create table bank_account (
  currency text primary key check (currency ~ '^[A-Z]{3}$'),
  iban text not null,
  changed_by text not null,
  changed_at timestamptz not null
);
create table bank_statement (
  statement_id bigint generated always as identity primary key,
  currency text not null references bank_account,
  number text not null,                 -- the bank's name of it
  opening_day date not null,
  closing_day date not null,
  opening_minor bigint not null,
  closing_minor bigint not null,
  name text not null,                   -- of the file
  digest bytea not null,                -- of what it says
  taken_by text not null,
  taken_at timestamptz not null,
  check (opening_day <= closing_day),
  unique (currency, number)
);
create index bank_statement_days on bank_statement (currency, closing_day);

-- Money that came (above zero) or went. What a line is the money of has a row of its own kind, and no two
-- lines are the money of one thing.
create table statement_line (
  line_id bigint generated always as identity primary key,
  statement_id bigint not null references bank_statement,
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  reference text not null,              -- the bank's own, unique on the account
  booked_on date not null,              -- by the bank
  minor bigint not null check (minor <> 0),
  end_to_end text,
  counterparty text,
  remittance text not null,
  subject text not null check (subject in ('payout', 'payout_return', 'funding', 'claim', 'cash',
    'transfer', 'product_transfer', 'refund', 'receipt', 'sale', 'debt', 'adjustment', 'line',
    'unknown')),
  subject_id bigint,
  note text,
  entry_id bigint references entry,     -- what the line booked on 1100
  match_entry_id bigint references entry, -- what a person's match took out of 2290
  book_entry_id bigint references entry, -- what had booked the money on 1100 already
  matched_by text,                      -- a person; null: a rule, or nobody yet
  matched_at timestamptz,
  check ((subject in ('cash', 'unknown')) = (subject_id is null)),
  check (entry_id is not null or book_entry_id is not null),
  check ((matched_by is null) = (matched_at is null)),
  unique (currency, reference)
);
create unique index statement_line_subject on statement_line (subject, subject_id, currency);
create index statement_line_statement on statement_line (statement_id);
create index statement_line_open on statement_line (line_id) where subject = 'unknown';

-- What desks wrote down as paid by transfer is looked for by the words that they wrote.
create index wallet_movement_by_bank on wallet_movement (reference) where channel = 'bank';
create index product_holding_by_bank on product_holding (reference) where channel = 'bank';

do $$ begin
  perform seal_table('bank_account', 'currency', '');
  perform seal_table('bank_statement', 'statement_id', '');
  -- Who paid may be a rider, who may be erased later.
  perform seal_table('statement_line', 'line_id', 'counterparty,remittance');
end $$;
