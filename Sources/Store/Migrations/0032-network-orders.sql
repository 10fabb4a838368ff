-- By which network a rider's day was last rated: another one may be in force while the order to rate by it
-- waits for a second person. Null: by none.
alter table fare_day add column feed_id bigint;
update fare_day set feed_id = (
  select feed_id from network_feed order by imported_at desc, feed_id desc limit 1)
where rated_at is not null and exists (select from network_feed);

-- An order that came of the import of a network names it.
alter table rerating_order add column feed_id bigint;
do $$
begin
  perform seal_columns('rerating_order', 'order_id', '');
end $$;
