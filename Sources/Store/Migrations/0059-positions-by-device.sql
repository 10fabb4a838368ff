-- Who tells only where its vehicle is, is not silent. When a device last told a position was looked for among the
-- positions of the vehicle that it is assigned to, in the last hour: nothing was found of a device that nobody
-- assigned, nor of what one told before it was mounted, and after an hour it was forgotten. Now it is kept by device,
-- from here on: devices tell every few seconds.
create table device_position (
  device_id text primary key,
  vehicle text not null,
  received_at timestamptz not null
) with (fillfactor = 50);
