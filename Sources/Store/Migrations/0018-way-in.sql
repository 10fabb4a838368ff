-- Whatever changes what a device may do marks its registers: what was decided about a register from
-- memory holds only while its guard stands, so that one comparison stands for looking up the device
-- and its keys with each batch.
alter table device_epoch add column guard bigint not null default 0;

create function device_guards_registers() returns trigger language plpgsql as $$
declare
  changed text := coalesce(new.device_id, old.device_id);
begin
  -- Whoever makes a register holds its device meanwhile: afterwards the register can be seen here.
  perform from device where device_id = changed for no key update;
  perform from device_epoch where device_id = changed order by epoch for update;
  update device_epoch set guard = guard + 1 where device_id = changed;
  return null;
end $$;
create trigger device_marks_registers after update of state on device
  for each row when (old.state is distinct from new.state) execute function device_guards_registers();
-- A new key takes nothing away.
create trigger device_key_marks_registers after update or delete on device_key
  for each row execute function device_guards_registers();

-- Fails the statement that found fewer registers than it expected.
create function registers_hold(standing bigint, expected bigint) returns boolean language plpgsql as $$
begin
  if standing <> expected then
    raise exception 'a register stands otherwise than expected' using errcode = 'KV001';
  end if;
  return true;
end $$;

-- A body that fits into a page stays in its row: its own table of pieces, with an index of pieces,
-- made adding the row of a hundred taps three times as dear. Marking a batch as sorted writes such a
-- row once more, which was not dearer than before when it was measured (docs/performance.md).
alter table tap_batch set (toast_tuple_target = 8160);
