-- Settling at the speed of a city: an index entry costs as much as the row that it leads to, so taps and
-- rides have as few and as short ones as can be. A partition holds one day: it needs no day in an index.

-- A ride is found by its rider, and by its run. Whoever knows its number, which an identity makes, knows
-- the rider too, or looks for many at once.
alter table ride drop constraint ride_pkey;
drop index ride_rider;
create index ride_rider on ride (rider_id);
-- Fares that are not known are few, and asked for by day.
create index ride_unknown on ride (fare_day, lane)
  where charged_minor is null and reversed_run_id is null;
-- Three letters, as the program knows of every currency: to match a pattern took as long as an index.
alter table ride drop constraint ride_currency_check;
alter table ride
  add check (octet_length(currency) = 3 and currency collate "C" between 'AAA' and 'ZZZ');

drop index tap_rider;
create index tap_rider on tap (rider_id);
