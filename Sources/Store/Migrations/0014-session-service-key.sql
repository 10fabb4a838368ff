-- The key that the service signed a grant with: evidence has to hold after the service has another.
alter table device_session add column service_key bytea;
