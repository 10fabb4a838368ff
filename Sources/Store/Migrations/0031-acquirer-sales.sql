-- Top-ups, sales and what goes back of them by bank card have no charge window, so the acquirer's money
-- for them matched nothing. Now each has a row with the acquirer's own name of it, by which lines of
-- funding files pay it. And what the acquirer kept of refunds and disputes is counted, for it may keep a
-- part.
create table acquirer_sale (
  sale_id bigint generated always as identity primary key,
  kind text not null check (kind in ('payment', 'refund')),
  reference text not null,              -- the acquirer's name of it, as the desk was told
  payment_id bigint references acquirer_sale,  -- of a refund: the payment whose money goes back
  account_id bigint references wallet_account, -- of stored value; else of a pass or carnet:
  holding_id bigint references product_holding,
  sold_on date not null,                -- by the city's clock
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  minor bigint not null check (minor > 0),
  settled_minor bigint not null default 0,  -- of it: paid by the acquirer, or of a refund kept
  entry_id bigint not null references entry,
  unique (reference, kind),
  check (settled_minor between 0 and minor),
  check (kind = 'refund' or payment_id is null),
  check ((account_id is null) <> (holding_id is null))
);
create index acquirer_sale_payment on acquirer_sale (payment_id) where payment_id is not null;
create index acquirer_sale_holding on acquirer_sale (holding_id) where holding_id is not null;
create index acquirer_sale_open on acquirer_sale (sold_on) where settled_minor < minor;

-- Which sale a line is about.
alter table acquirer_record add column sale_id bigint references acquirer_sale;
-- What the acquirer kept so far; null: nothing.
alter table charge_refund add column kept_minor bigint, add check (kept_minor between 0 and minor);
-- What it kept for the opening, and what it paid for the winning; null: nothing.
alter table chargeback
  add column kept_minor bigint, add column paid_minor bigint,
  add check (kept_minor between 0 and minor), add check (paid_minor between 0 and minor);
-- How the money of a pass or carnet went back.
alter table product_holding
  add column refund_channel text check (refund_channel in ('cash', 'bank', 'acquirer', 'wallet'));
create index wallet_movement_bank_refund on wallet_movement (account_id)
  where kind = 'refund' and channel = 'bank';

do $$ begin
  perform seal_table('acquirer_sale', 'sale_id', '');
  perform seal_columns('acquirer_record', 'record_id', '');
  perform seal_columns('charge_refund', 'refund_id', 'next_at,asked_at');
  perform seal_columns('chargeback', 'case_id', '');
  perform seal_columns('product_holding', 'holding_id', 'rider_id');
end $$;

-- What is there already. A refund that was kept in part stays given, until the rest is kept.
update product_holding h set refund_channel = case p.account when '1110' then 'cash'
    when '2220' then 'bank' when '1120' then 'acquirer' else 'wallet' end
from posting p where p.entry_id = h.refund_entry_id and p.credit_minor > 0;
update charge_refund r set kept_minor = least(r.minor, k.minor),
  state = case when k.minor < r.minor then 'paid' else r.state end
from (
  select refund_id, sum(gross_minor)::int8 as minor from acquirer_record
  where kind = 'refund' and category in ('matched', 'amount_differs') group by 1) k
where k.refund_id = r.refund_id and r.state = 'settled';
update chargeback c set kept_minor = k.kept, paid_minor = k.paid
from (
  select case_id, sum(gross_minor) filter (where stage = 'opened')::int8 as kept,
    sum(gross_minor) filter (where stage = 'won')::int8 as paid
  from acquirer_record where case_id is not null and category = 'matched' group by 1) k
where k.case_id = c.case_id and (k.kept is not null or k.paid is not null);
-- Names that stand twice, or that nobody wrote down, are made.
insert into acquirer_sale (kind, reference, account_id, holding_id, sold_on, currency, minor, entry_id)
select s.kind, case when s.reference is null or count(*) over (partition by s.kind, s.reference) > 1
    then s.name else s.reference end,
  s.account_id, s.holding_id, e.accounting_date, e.currency, s.minor, s.entry_id
from (
  select case kind when 'refund' then 'refund' else 'payment' end as kind, reference,
    'movement ' || movement_id as name, account_id, null::int8 as holding_id,
    abs(amount_minor) as minor, entry_id
  from wallet_movement where channel = 'acquirer' and kind in ('top_up', 'refund')
  union all
  select 'payment', reference, 'sale of holding ' || holding_id, null, holding_id, price_minor,
    entry_id
  from product_holding where channel = 'acquirer' and price_minor > 0
  union all
  select 'refund', null, 'return of holding ' || holding_id, null, holding_id, refunded_minor,
    refund_entry_id
  from product_holding where refund_channel = 'acquirer') s
join entry e using (entry_id) order by s.entry_id;
