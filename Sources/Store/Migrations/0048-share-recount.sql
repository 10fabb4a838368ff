-- Shares by distance were made of what was known of the stops when a day was rated: where a rider gets off is found
-- later, and nobody looked again. Now whoever finds ends of rides asks for the rider's day to be shared anew. Days
-- that were shared by distance before are shared once more.
create table share_recount (
  lane smallint not null,
  rider_id uuid not null,
  fare_day date not null,
  primary key (lane, rider_id, fare_day)
);
insert into share_recount
select distinct lane, rider_id, fare_day from operator_share where rule = 'distance';
