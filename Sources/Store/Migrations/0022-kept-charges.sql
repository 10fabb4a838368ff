-- Reports over a month added up millions of charge windows and of lines of the acquirer. Now those who
-- write them keep sums. Rows are only added, so that nobody waits for the row of a day; charging makes
-- one row of many now and then.
create table charge_sum (
  sum_id bigint generated always as identity primary key,
  fare_day date not null,
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  windows bigint not null,
  amount_minor bigint not null,
  authorised_windows bigint not null,   -- promised by the acquirer or taken
  authorised_minor bigint not null,
  captured_windows bigint not null,
  captured_minor bigint not null,
  settled_windows bigint not null,
  settled_minor bigint not null,
  unsettled_windows bigint not null     -- taken and not funded in full
);
create index charge_sum_day on charge_sum (fare_day);

insert into charge_sum (fare_day, currency, windows, amount_minor, authorised_windows,
  authorised_minor, captured_windows, captured_minor, settled_windows, settled_minor,
  unsettled_windows)
select fare_day, currency, count(*), sum(amount_minor),
  count(*) filter (where captured_minor > 0 or state in ('authorised', 'capturing')),
  sum(captured_minor + case when state in ('authorised', 'capturing') then due_minor else 0 end),
  count(*) filter (where captured_minor > 0), sum(captured_minor),
  count(*) filter (where settled_minor > 0), sum(settled_minor),
  count(*) filter (where captured_minor > settled_minor)
from charge_window group by 1, 2;

-- Lines of the acquirer by the fare day of their window, or by their value date where they have none.
create table acquirer_sum (
  sum_id bigint generated always as identity primary key,
  fare_day date not null,
  category text not null,
  kind text not null,
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  records bigint not null,
  gross_minor bigint not null,
  fee_minor bigint not null
);
create index acquirer_sum_day on acquirer_sum (fare_day);

insert into acquirer_sum (fare_day, category, kind, currency, records, gross_minor, fee_minor)
select coalesce(w.fare_day, r.value_date), r.category, r.kind, r.currency, count(*),
  sum(r.gross_minor), sum(r.fee_minor)
from acquirer_record r left join charge_window w using (window_id) group by 1, 2, 3, 4;

-- Windows of which something is left to tell one by one: of a month that is paid these are few.
create index charge_window_rest on charge_window (fare_day)
  where due_minor > 0 or written_off_minor > 0 or captured_minor > settled_minor
    or charged_back_minor > 0 or refunded_minor > 0;
