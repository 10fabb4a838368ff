-- A top-up that the acquirer does not pay stayed on the card, and was owed by the acquirer for ever. Now it
-- comes off stored value, and its row says how much of it is not paid.
alter table acquirer_sale
  add column declined_minor bigint,      -- of it: not paid by the acquirer; null: nothing
  add constraint acquirer_sale_declined check (declined_minor between 0 and minor - settled_minor);
do $$ begin
  perform seal_columns('acquirer_sale', 'sale_id', '');
end $$;
