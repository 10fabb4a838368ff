-- A device names its epochs itself, and each makes a register. One that names another with each post made so many
-- that marking them, and with that revoking the device, took longer than a statement may.
create function device_epochs_max(named text) returns bigint language sql stable as $$
  -- 1,000 for each hardware that a person let in.
  select 1000 * greatest(count(distinct epoch_first), 1) from device_key where device_id = named
$$;
create function device_epochs_count(named text) returns bigint language sql stable as $$
  -- In the order of the index, so that no table of millions is gone through for a device of few.
  select count(*) from (
    select from device_epoch where device_id = named order by epoch
    limit device_epochs_max(named) + 1) counted
$$;

create function mark_registers(changed text) returns void language plpgsql as $$
begin
  -- Whoever makes a register holds its device meanwhile: afterwards the register can be seen here.
  perform from device where device_id = changed for no key update;
  -- It has more from before there was a bound: of such a device nobody keeps a register in mind, and whoever
  -- writes to one holds the device.
  if device_epochs_count(changed) > device_epochs_max(changed) then return; end if;
  perform from device_epoch where device_id = changed order by epoch for update;
  update device_epoch set edition = edition + 1 where device_id = changed;
end $$;
create or replace function device_guards_registers() returns trigger language plpgsql as $$
begin
  perform mark_registers(new.device_id);
  return null;
end $$;
-- Once for a statement, however many keys it changes.
create function device_keys_guard_registers() returns trigger language plpgsql as $$
begin
  perform mark_registers(c.device_id) from (
    select distinct device_id from changed_keys order by device_id) c;
  return null;
end $$;
drop trigger device_key_marks_registers on device_key;
-- A new key takes nothing away.
create trigger device_key_marks_registers after update on device_key
  referencing new table as changed_keys
  for each statement execute function device_keys_guard_registers();
create trigger device_key_gone_marks_registers after delete on device_key
  referencing old table as changed_keys
  for each statement execute function device_keys_guard_registers();
