-- Loads, pairs and stops look at how many different riders each of their numbers is of: the commuter who boards at a
-- village stop five mornings is no group of five. So the index that answers them has the riders too.
drop index boarding_route;
create index boarding_route on boarding (fare_day, route, direction)
  include (tapped_at, stop, stop_order, off_stop, off_stop_order, riders, rider_id);
