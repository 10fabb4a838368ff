-- A digest says how a row was written, not by whom: an ordinary UPDATE left one of its own. Now each
-- digest carries a stamp, which is HMAC-SHA-256 under a key that lies in the folder of the service and
-- never in the database. The connections of the program bring the key as a setting of their session.

alter table row_seal add column stamp bytea check (length(stamp) = 32);  -- null: written by hand

-- The stamp of a digest. The setting holds the two blocks of HMAC in hexadecimal digits, 64 bytes each.
-- Without the setting nothing is written; empty it stands for a person who writes by hand all the same.
create function row_stamp(seal_id bigint, table_name text, row_key text, digest bytea) returns bytea
language plpgsql stable as $$
declare
  blocks text := current_setting('kvytok.seal_key', true);
begin
  if blocks is null then
    raise exception '% is written by kvytok alone', table_name using errcode = 'restrict_violation',
      detail = 'This connection has not the key that stamps rows of money (keys/token-hmac.key).',
      hint = 'Name the folder of the service with --data. Correct the books by "kvytok ledger adjust".';
  elsif blocks = '' then
    return null;
  end if;
  return sha256(decode(substr(blocks, 129), 'hex') || sha256(decode(left(blocks, 128), 'hex')
    || convert_to(concat_ws('/', seal_id, table_name, row_key, encode(digest, 'hex')), 'UTF8')));
end $$;

create or replace function seal_rows() returns trigger language plpgsql
set timezone = 'UTC' set datestyle = 'ISO, YMD' set extra_float_digits = 1 as $$
declare
  key_columns text[] := string_to_array(tg_argv[0], ',');
  left_out text[] := string_to_array(tg_argv[1], ',');
begin
  if tg_op = 'INSERT' then
    perform add_seals(tg_table_name, array_agg(row_key(to_jsonb(n), key_columns)),
      array_agg(row_digest(to_jsonb(n), left_out))) from added n;
  elsif tg_op = 'UPDATE' then
    perform add_seals(tg_table_name, array_agg(key), array_agg(digest)) from (
      with before as (
        select row_key(to_jsonb(o), key_columns) as key,
          row_digest(to_jsonb(o), left_out) as digest from removed o),
      after as (
        select row_key(to_jsonb(n), key_columns) as key,
          row_digest(to_jsonb(n), left_out) as digest from added n)
      select key, ''::bytea as digest from (
        select key from before except select key from after) g
      union all
      select key, digest from (
        select key, digest from after except select key, digest from before) c) s;
  else
    perform add_seals(tg_table_name, array_agg(row_key(to_jsonb(o), key_columns)),
      array_agg(''::bytea)) from removed o;
  end if;
  return null;
end $$;

-- Adds digests of rows of a table, each with its stamp.
create function add_seals(table_name text, row_keys text[], digests bytea[]) returns void
language sql as $$
  insert into row_seal (seal_id, table_name, row_key, digest, stamp) overriding system value
    select n.id, table_name, n.key, n.digest, row_stamp(n.id, table_name, n.key, n.digest)
    from (
      select nextval('row_seal_seal_id_seq') as id, key, digest
      from unnest(row_keys, digests) as u (key, digest) offset 0) n
$$;

create or replace function seal_table(name text, key_columns text, left_out text) returns void
language plpgsql set timezone = 'UTC' set datestyle = 'ISO, YMD' set extra_float_digits = 1 as $$
begin
  execute format('create trigger %I after insert on %I referencing new table as added '
    'for each statement execute function seal_rows(%L, %L)',
    name || '_sealed_in', name, key_columns, left_out);
  execute format('create trigger %I after update on %I referencing old table as removed '
    'new table as added for each statement execute function seal_rows(%L, %L)',
    name || '_sealed_anew', name, key_columns, left_out);
  execute format('create trigger %I after delete on %I referencing old table as removed '
    'for each statement execute function seal_rows(%L, %L)',
    name || '_sealed_out', name, key_columns, left_out);
  execute format('select add_seals(%L, array_agg(key order by key), array_agg(digest order by key)) '
    'from (select row_key(to_jsonb(t), string_to_array(%L, '','')) as key, '
    'row_digest(to_jsonb(t), string_to_array(%L, '','')) as digest from %I t) s',
    name, key_columns, left_out, name);
end $$;

-- The digests that are there were written by the program as far as anybody can tell.
drop trigger row_seal_stays on row_seal;
update row_seal set stamp = row_stamp(seal_id, table_name, row_key, digest);
create trigger row_seal_stays before update on row_seal for each row
  when (old.period is not null
    or row(old.seal_id, old.table_name, old.row_key, old.digest, old.stamp)
      is distinct from row(new.seal_id, new.table_name, new.row_key, new.digest, new.stamp))
  execute function is_append_only();

-- Prices stand in tariffs, and limits in settings.
do $$
begin
  perform seal_table('tariff_version', 'version', '');
  perform seal_table('setting', 'name', '');
end $$;
