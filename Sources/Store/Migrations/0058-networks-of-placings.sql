-- Boardings have the routes and stops of the network by which their vehicle's day was placed. A network imported
-- later holds for days that its order leaves as they are until it is approved, or for good when it is refused:
-- planners saw such boardings on the lines of another network. Now a vehicle's day says which one placed it.
alter table vehicle_day add column feed_id bigint;
create index vehicle_day_network on vehicle_day (service_day, feed_id);

-- Days placed before: by what held when they were.
update vehicle_day v set feed_id = (
  select f.feed_id from network_feed f
  where f.imported_at <= v.placed_at and (f.first_day is null or f.first_day <= v.service_day)
  order by f.imported_at desc, f.feed_id desc limit 1)
where v.placed_at is not null;
