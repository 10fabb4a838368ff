-- Each change of a register, and of what its device may do, makes another edition of it: what was
-- decided about a register from memory holds only for the edition it was decided on, so that one
-- comparison of numbers stands for comparing all that the register says. The column has a new name,
-- so that a service of before, which would change registers without saying so, cannot write beside.
alter table device_epoch rename column guard to edition;

create or replace function device_guards_registers() returns trigger language plpgsql as $$
declare
  changed text := coalesce(new.device_id, old.device_id);
begin
  -- Whoever makes a register holds its device meanwhile: afterwards the register can be seen here.
  perform from device where device_id = changed for no key update;
  perform from device_epoch where device_id = changed order by epoch for update;
  update device_epoch set edition = edition + 1 where device_id = changed;
  return null;
end $$;
