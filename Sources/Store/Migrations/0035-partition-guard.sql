-- PostgreSQL puts a row into the partition of all other days now and then though its own has been made the
-- moment before: whoever writes it has not heard of it yet. Nobody who looks at that day would find the row. So it
-- is refused, as one of two writers that collided, and the transaction tried again knows the partition.
create function row_has_no_partition() returns trigger language plpgsql as $$
begin
  if exists (select from pg_class c join pg_class o on o.relnamespace = c.relnamespace
      where o.oid = tg_relid
        and c.relname = tg_argv[0] || to_char((to_jsonb(new) ->> tg_argv[1])::date, '_YYYYMMDD')) then
    raise exception 'the partition of a day of % was made meanwhile', tg_argv[0]
      using errcode = 'serialization_failure';
  end if;
  return new;
end $$;
create trigger tap_has_no_partition before insert on tap_other
  for each row execute function row_has_no_partition('tap', 'fare_day');
create trigger ride_has_no_partition before insert on ride_other
  for each row execute function row_has_no_partition('ride', 'fare_day');
create trigger boarding_has_no_partition before insert on boarding_other
  for each row execute function row_has_no_partition('boarding', 'fare_day');
create trigger position_has_no_partition before insert on position_other
  for each row execute function row_has_no_partition('position', 'service_day');

-- Rows that came to lie so before go to the partition of their day, where they were missed. What a day of a
-- rider comes to is then found anew.
do $$
declare
  part record;
  is_there boolean;
begin
  for part in
    select t.name, t.day_column, c.relname, to_date(right(c.relname, 8), 'YYYYMMDD') as day
    from (values ('tap', 'fare_day'), ('ride', 'fare_day'), ('boarding', 'fare_day'),
      ('position', 'service_day')) t(name, day_column)
    join pg_inherits i on i.inhparent = t.name::regclass
    join pg_class c on c.oid = i.inhrelid and c.relname ~ '_[0-9]{8}$'
  loop
    execute format('select exists (select from only %I where %I = %L)',
      part.name || '_other', part.day_column, part.day) into is_there;
    continue when not is_there;
    if part.name in ('tap', 'ride') then
      execute format(
        'update fare_day f set stale_since = coalesce(f.stale_since, f.rated_at), '
        'stale_cause = coalesce(f.stale_cause, ''order''), '
        'stale_reason = coalesce(f.stale_reason, ''a row of the day was missed'') '
        'from %I o where o.%I = %L and f.lane = o.lane and f.rider_id = o.rider_id '
        'and f.fare_day = o.fare_day', part.name || '_other', part.day_column, part.day);
    end if;
    execute format('alter table %I disable trigger user', part.name || '_other');
    execute format('alter table %I disable trigger user', part.relname);
    -- A place or a position that was found again since stands.
    execute format(
      'with moved as (delete from %I where %I = %L returning *) insert into %I select * from moved'
      || case when part.name in ('boarding', 'position') then ' on conflict do nothing' else '' end,
      part.name || '_other', part.day_column, part.day, part.relname);
    execute format('alter table %I enable trigger user', part.relname);
    execute format('alter table %I enable trigger user', part.name || '_other');
  end loop;
end $$;
