-- The front page, the status and the trial balance added up all that was ever booked. Now whoever books keeps
-- sums by accounting date, account and operator. Rows are only added, so that nobody waits for the row of a day;
-- charging makes one row of many.
create table posting_sum (
  sum_id bigint generated always as identity primary key,
  accounting_date date not null,
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  account text not null,
  operator_id text,
  entries bigint not null,           -- lines that are the first of their entry
  debit_minor bigint not null,
  credit_minor bigint not null,
  is_folded boolean not null default false  -- made of many rows
);
create index posting_sum_account on posting_sum (accounting_date, account);
create index posting_sum_loose on posting_sum (accounting_date) where not is_folded;

create function posting_summed() returns trigger language plpgsql as $$
begin
  insert into posting_sum (accounting_date, currency, account, operator_id, entries, debit_minor, credit_minor)
  select e.accounting_date, e.currency, a.account, a.operator_id, count(*) filter (where a.line = 1),
    sum(a.debit_minor), sum(a.credit_minor)
  from added a join entry e on e.entry_id = a.entry_id
  group by e.accounting_date, e.currency, a.account, a.operator_id;
  return null;
end $$;
create trigger posting_summed after insert on posting
  referencing new table as added for each statement execute function posting_summed();

insert into posting_sum (accounting_date, currency, account, operator_id, entries, debit_minor, credit_minor,
  is_folded)
select e.accounting_date, e.currency, p.account, p.operator_id, count(*) filter (where p.line = 1),
  sum(p.debit_minor), sum(p.credit_minor), true
from posting p join entry e using (entry_id)
group by e.accounting_date, e.currency, p.account, p.operator_id;
