-- Which devices tapped in a vehicle on a fare day, those of taps without a vehicle under the empty
-- name. The taps of a vehicle's day are found by the keys of its devices, so that no tap has to be
-- written into an index by vehicle as well.
create table vehicle_device (
  fare_day date not null,
  vehicle text not null,
  device_id text not null,
  primary key (fare_day, vehicle, device_id)
);
insert into vehicle_device
select distinct fare_day, coalesce(vehicle, ''), device_id from tap;
drop index tap_vehicle;
