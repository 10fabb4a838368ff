-- The house may have several accounts in a currency, and a file of the bank statements of several of them:
-- a statement and its lines are of an account now. What was the account of a currency keeps its row.
alter table bank_account add column bank_account_id bigint generated always as identity;
-- The rows get other names in the list of digests: under the old ones they are gone.
do $$ begin
  execute seal_statement('bank_account',
    'select currency as key, null::text as image from bank_account order by 1');
end $$;
alter table bank_statement drop constraint bank_statement_currency_fkey,
  drop constraint bank_statement_currency_number_key;
alter table bank_account drop constraint bank_account_pkey, add primary key (bank_account_id),
  add unique (iban, currency), add unique (bank_account_id, currency);
drop index bank_statement_days;

alter table bank_statement add column bank_account_id bigint;
update bank_statement s set bank_account_id = a.bank_account_id
from bank_account a where a.currency = s.currency;
alter table bank_statement alter column bank_account_id set not null,
  add foreign key (bank_account_id, currency) references bank_account (bank_account_id, currency),
  add unique (bank_account_id, number);
create index bank_statement_days on bank_statement (bank_account_id, closing_day);

-- What the bank calls the kind of a line: domain, family and sub-family, or a word of its own.
alter table statement_line add column bank_account_id bigint references bank_account,
  add column bank_code text;
update statement_line l set bank_account_id = s.bank_account_id
from bank_statement s where s.statement_id = l.statement_id;
alter table statement_line alter column bank_account_id set not null,
  drop constraint statement_line_currency_reference_key, add unique (bank_account_id, reference),
  drop constraint statement_line_subject_check,
  add constraint statement_line_subject_check check (subject in ('payout', 'payout_return', 'funding',
    'claim', 'cash', 'fee', 'transfer', 'product_transfer', 'refund', 'receipt', 'sale', 'debt',
    'adjustment', 'line', 'unknown')),
  drop constraint statement_line_check,
  add constraint statement_line_check
    check ((subject in ('cash', 'fee', 'unknown')) = (subject_id is null));

-- The entry by which a payout or claim is paid: by it the line of a statement is known that tells of it later.
alter table payout add column paid_entry_id bigint references entry;
alter table subsidy_claim add column paid_entry_id bigint references entry;
do $$ begin
  perform seal_table('bank_account', 'bank_account_id', '');
  perform seal_table('bank_statement', 'statement_id', '');
  perform seal_table('statement_line', 'line_id', 'counterparty,remittance');
  perform seal_columns('payout', 'payout_id', '');
  perform seal_columns('subsidy_claim', 'claim_id', '');
end $$;

-- What was paid before: as its line says, else by the words of the entry.
update payout p set paid_entry_id = f.entry_id
from (
  select p.payout_id, coalesce(l.book_entry_id, l.match_entry_id, l.entry_id, (
      select max(e.entry_id) from entry e
      where e.kind = 'payout' and starts_with(e.description, 'Payment file ' || p.message_id || ' paid')))
    as entry_id
  from payout p left join statement_line l on l.subject = 'payout' and l.subject_id = p.payout_id
  where p.state in ('paid', 'returned')) f
where f.payout_id = p.payout_id and f.entry_id is not null;
update subsidy_claim c set paid_entry_id = f.entry_id
from (
  select c.claim_id, coalesce(l.book_entry_id, l.match_entry_id, l.entry_id, (
      select max(e.entry_id) from entry e
      where e.kind = 'concession'
        and starts_with(e.description, 'Concession claim ' || c.claim_id || ' paid'))) as entry_id
  from subsidy_claim c left join statement_line l on l.subject = 'claim' and l.subject_id = c.claim_id
  where c.state = 'paid') f
where f.claim_id = c.claim_id and f.entry_id is not null;
