-- A dispute is about a charge window, or about a top-up by bank card: that one comes off stored value.
alter table chargeback alter column window_id drop not null,
  add column sale_id bigint references acquirer_sale,
  add constraint chargeback_subject check ((window_id is null) <> (sale_id is null));
create index chargeback_sale on chargeback (sale_id) where sale_id is not null;
alter table wallet_movement drop constraint wallet_movement_kind_check,
  add constraint wallet_movement_kind_check check (kind in ('top_up', 'ride', 'purchase', 'refund',
    'transfer', 'correction', 'write_off', 'dispute'));
do $$ begin
  perform seal_columns('chargeback', 'case_id', '');
end $$;
