-- A pass of rating takes all that waits for a share of a lane's riders, so that it has all taps of a day
-- and rates it once. Parcels that wait while this is made are taken together, as before.
alter table tap_parcel add share smallint not null default 0;
alter table tap_parcel alter share drop default;
