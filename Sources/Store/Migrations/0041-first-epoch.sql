-- The epoch at which the counter of a key's hardware begins. A device that was revoked and comes again may be other
-- hardware: its numbers begin where nobody has used any, while its key still signs what the same hardware holds.
alter table device_key add column epoch_first bigint not null default 0;
update device_key set epoch_first = epochs_from;
