-- A pass or carnet that a desk paid back in cash named neither the desk nor its receipt: no desk could balance its
-- till by it.
alter table product_holding
  add column refund_place text,      -- the desk that gave cash back; null: none, or of before it was asked for
  add column refund_receipt text;    -- its receipt, or the acquirer's reference
do $$ begin
  perform seal_columns('product_holding', 'holding_id', 'rider_id');
end $$;
