-- Where a payout goes is part of what two people decide: it is written into the payout with the proposal. What
-- waits or is approved, and not given to the bank yet, goes to the account that stands now.
alter table payout add column account_name text, add column account_iban text,
  add column account_bic text,
  add check ((account_name is null) = (account_iban is null));
create index payout_order on payout (order_id);
do $$ begin
  perform seal_columns('payout', 'payout_id', '');
end $$;
update payout p set account_name = a.name, account_iban = a.iban, account_bic = a.bic
from operator_account a
where a.operator_id = p.operator_id and p.state in ('awaiting', 'approved');
