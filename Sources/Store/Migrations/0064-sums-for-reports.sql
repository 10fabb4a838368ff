-- Reports added up the postings of all runs: where taps come one by one, those are as many as there are rides. Now the
-- kept sums of postings tell the kind of the entry and its fare day too, and captures are counted as they are booked.
alter table posting_sum
  add column kind text,                -- of the entry
  add column fare_day date;            -- of the entry; null where it is of none
delete from posting_sum;
alter table posting_sum alter column kind set not null;
create index posting_sum_fares on posting_sum (fare_day) where kind = 'fares';

create or replace function posting_summed() returns trigger language plpgsql as $$
begin
  insert into posting_sum (accounting_date, currency, account, operator_id, entries, debit_minor, credit_minor,
    kind, fare_day)
  select e.accounting_date, e.currency, a.account, a.operator_id, count(*) filter (where a.line = 1),
    sum(a.debit_minor), sum(a.credit_minor), e.kind, e.fare_day
  from added a join entry e on e.entry_id = a.entry_id
  group by e.accounting_date, e.currency, a.account, a.operator_id, e.kind, e.fare_day;
  return null;
end $$;

insert into posting_sum (accounting_date, currency, account, operator_id, entries, debit_minor, credit_minor,
  is_folded, kind, fare_day)
select e.accounting_date, e.currency, p.account, p.operator_id, count(*) filter (where p.line = 1),
  sum(p.debit_minor), sum(p.credit_minor), true, e.kind, e.fare_day
from posting p join entry e using (entry_id)
group by e.accounting_date, e.currency, p.account, p.operator_id, e.kind, e.fare_day;

-- Card payments that were booked, less those that the acquirer did not honour. Rows are only added.
create table capture_sum (
  sum_id bigint generated always as identity primary key,
  accounting_date date not null,
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  captures bigint not null
);
create index capture_sum_day on capture_sum (accounting_date);

create function captures_summed() returns trigger language plpgsql as $$
begin
  insert into capture_sum (accounting_date, currency, captures)
  select e.accounting_date, e.currency, sum(case a.kind when 'captured' then 1 else -1 end)
  from added a join entry e on e.entry_id = a.entry_id
  where a.kind in ('captured', 'declined') and e.kind = 'payment'
  group by e.accounting_date, e.currency;
  return null;
end $$;
create trigger captures_summed after insert on charge_event
  referencing new table as added for each statement execute function captures_summed();

insert into capture_sum (accounting_date, currency, captures)
select e.accounting_date, e.currency, sum(case v.kind when 'captured' then 1 else -1 end)
from charge_event v join entry e using (entry_id)
where v.kind in ('captured', 'declined') and e.kind = 'payment'
group by e.accounting_date, e.currency;

-- What is in which file: whether a statement shows the money of a file was asked of each of its lines.
delete from acquirer_sum;
alter table acquirer_sum
  add column file_id bigint not null;  -- in which they are
insert into acquirer_sum (fare_day, category, kind, currency, file_id, records, gross_minor, fee_minor)
select coalesce(w.fare_day, r.value_date), r.category, case when r.sale_id is null then r.kind
    when r.kind = 'capture' then 'sale' else 'sale_' || r.kind end, r.currency, r.file_id, count(*),
  sum(r.gross_minor), sum(r.fee_minor)
from acquirer_record r left join charge_window w using (window_id) group by 1, 2, 3, 4, 5;

-- Refunds by accounting date, without the entries of rides around them.
create index entry_refund on entry (accounting_date) where kind = 'refund';

-- Which claims have rides of some days, without reading the rides of them all.
drop index subsidy_ride_claim;
create index subsidy_ride_claim on subsidy_ride (claim_id, fare_day);

-- Sums of rides without lanes and routes, of which reports tell nothing: a month of 30 million rides has millions of
-- rows of ride_sum, and here some ten thousand. A trigger adds them up. Rows are only added, so that nobody waits for the row of
-- a day; charging makes one row of many.
create table ride_day_sum (
  sum_id bigint generated always as identity primary key,
  fare_day date not null,
  accounting_date date not null,
  operator_id text not null,
  mode text not null,
  category text not null,
  product text not null,
  medium text not null,
  currency text not null,
  tariff_version text not null,
  rides bigint not null,
  riders bigint not null,
  free_rides bigint not null,
  reduced_rides bigint not null,
  unknown_rides bigint not null,
  late_rides bigint not null,
  nominal_minor bigint not null,
  charged_minor bigint not null,
  concession_rides bigint not null,
  free_people bigint not null,
  reduced_people bigint not null,
  concession_minor bigint not null,
  is_folded boolean not null default false  -- made of many rows
);
create index ride_day_sum_day on ride_day_sum (fare_day);
create index ride_day_sum_accounting_date on ride_day_sum (accounting_date);
create index ride_day_sum_loose on ride_day_sum (accounting_date) where not is_folded;

create function rides_summed() returns trigger language plpgsql as $$
begin
  if tg_op = 'INSERT' then
    insert into ride_day_sum (fare_day, accounting_date, operator_id, mode, category, product, medium, currency, tariff_version,
      rides, riders, free_rides, reduced_rides, unknown_rides, late_rides, nominal_minor, charged_minor,
      concession_rides, free_people, reduced_people, concession_minor)
    select fare_day, accounting_date, operator_id, mode, category, product, medium, currency, tariff_version,
      sum(rides), sum(riders), sum(free_rides), sum(reduced_rides), sum(unknown_rides), sum(late_rides),
      sum(nominal_minor), sum(charged_minor), sum(concession_rides), sum(free_people), sum(reduced_people),
      sum(concession_minor)
    from added
    group by fare_day, accounting_date, operator_id, mode, category, product, medium, currency, tariff_version;
  else
    insert into ride_day_sum (fare_day, accounting_date, operator_id, mode, category, product, medium, currency, tariff_version,
      rides, riders, free_rides, reduced_rides, unknown_rides, late_rides, nominal_minor, charged_minor,
      concession_rides, free_people, reduced_people, concession_minor)
    select fare_day, accounting_date, operator_id, mode, category, product, medium, currency, tariff_version,
      sum(sign * rides), sum(sign * riders), sum(sign * free_rides), sum(sign * reduced_rides),
      sum(sign * unknown_rides), sum(sign * late_rides), sum(sign * nominal_minor),
      sum(sign * charged_minor), sum(sign * concession_rides), sum(sign * free_people),
      sum(sign * reduced_people), sum(sign * concession_minor)
    from (select 1 as sign, * from added union all select -1, * from removed) c
    group by fare_day, accounting_date, operator_id, mode, category, product, medium, currency, tariff_version;
  end if;
  return null;
end $$;
create trigger rides_summed_in after insert on ride_sum
  referencing new table as added for each statement execute function rides_summed();
create trigger rides_summed_anew after update on ride_sum
  referencing old table as removed new table as added for each statement execute function rides_summed();

insert into ride_day_sum (fare_day, accounting_date, operator_id, mode, category, product, medium, currency, tariff_version,
      rides, riders, free_rides, reduced_rides, unknown_rides, late_rides, nominal_minor, charged_minor,
      concession_rides, free_people, reduced_people, concession_minor, is_folded)
select fare_day, accounting_date, operator_id, mode, category, product, medium, currency, tariff_version,
      sum(rides), sum(riders), sum(free_rides), sum(reduced_rides), sum(unknown_rides), sum(late_rides),
      sum(nominal_minor), sum(charged_minor), sum(concession_rides), sum(free_people), sum(reduced_people),
      sum(concession_minor), true
from ride_sum
group by fare_day, accounting_date, operator_id, mode, category, product, medium, currency, tariff_version;
