-- A seal cost as much as the row that it seals: each row went through jsonb twice, through arrays and
-- three functions. Now each table has a function of its own that writes the digests and stamps of all
-- rows of a statement in one statement. What they say is the same to the byte.

-- The text of a row as jsonb_strip_nulls(to_jsonb(row) - left_out)::text would write it, as an
-- expression over the columns of `place`: making a jsonb of each row was half of the cost of a seal.
-- jsonb puts shorter names first, and names of one length in the order of their bytes.
create function seal_text(name text, left_out text[], place text) returns text
language sql stable as $$
  select format('''{'' || substr(concat(%s), 3) || ''}''', string_agg(
    case when a.attnotnull then format('%L, %s', label, value)
      else format('%L || %s::text', label, value) end,
    ', ' order by length(a.attname::text), a.attname::text collate "C"))
  from pg_attribute a
  cross join lateral (select format('%s.%I', place, a.attname)) c (col)
  cross join lateral (select format(', %s: ', to_json(a.attname::text)),
    case when a.atttypid in ('int2'::regtype, 'int4'::regtype, 'int8'::regtype) then col
      when a.atttypid = 'bool'::regtype then col || '::text'
      when a.atttypid in ('text'::regtype, 'date'::regtype, 'uuid'::regtype, 'bytea'::regtype,
        'timestamptz'::regtype) then format('to_json(%s)', col)
      else format('nullif(jsonb_strip_nulls(to_jsonb(%s)), ''null'')', col) end) f (label, value)
  where a.attrelid = name::regclass and a.attnum > 0 and not a.attisdropped
    and a.attname <> all (left_out)
$$;

-- Whether a row `n` says another thing than `o` did, as an expression over the columns of both.
create function seal_change(name text, left_out text[]) returns text
language sql stable as $$
  select format('row(%s) is distinct from row(%s)', string_agg(format(form, 'n', a.attname), ', '),
    string_agg(format(form, 'o', a.attname), ', '))
  from pg_attribute a
  -- Equal values of these types have equal texts; of others (1.0 and 1.00) the texts are compared.
  cross join lateral (select case when a.atttypid in ('int2'::regtype, 'int4'::regtype,
    'int8'::regtype, 'bool'::regtype, 'text'::regtype, 'date'::regtype, 'uuid'::regtype,
    'bytea'::regtype, 'timestamptz'::regtype) then '%s.%I' else 'to_jsonb(%s.%I)::text' end) f (form)
  where a.attrelid = name::regclass and a.attnum > 0 and not a.attisdropped
    and a.attname <> all (left_out)
$$;

-- What names a row, as row_key does.
create function seal_key(key_columns text[], place text) returns text
language sql immutable as $$
  select format('concat_ws(''/'', %s)',
    string_agg(format('%s.%I::text', place, k.name), ', ' order by k.number))
  from unnest(key_columns) with ordinality as k (name, number)
$$;

-- The statement that seals rows of a table: `source` gives their keys and texts, no text for a row that
-- is gone. The stamp is HMAC-SHA-256 over number, table, row and digest, under a key that is never in
-- the database: the setting holds its two blocks in hexadecimal digits, 64 bytes each. An empty setting
-- stands for a person who writes by hand all the same, and there is no stamp.
--
-- Numbers are drawn and digests are made once for each row: OFFSET keeps the planner from merging.
create function seal_statement(name text, source text) returns text
language sql immutable as $$
  select format($sql$insert into row_seal (seal_id, table_name, row_key, digest, stamp)
      overriding system value
    select s.id, %1$L, s.key, s.digest, sha256(b.outer_block || sha256(b.inner_block || convert_to(
      concat_ws('/', s.id, %1$L, s.key, encode(s.digest, 'hex')), 'UTF8')))
    from (select decode(left(k, 128), 'hex') as inner_block, decode(substr(k, 129), 'hex') as outer_block
        from nullif(current_setting('kvytok.seal_key', true), '') k offset 0) b
      cross join (select nextval('row_seal_seal_id_seq') as id, c.key,
        case when c.image is null then '' else sha256(convert_to(c.image, 'UTF8')) end as digest
        from (%2$s) c offset 0) s$sql$, name, source)
$$;

-- Refuses rows that were sealed without the setting.
create function seals_need_key(name text, sealed bigint) returns void language plpgsql as $$
begin
  if sealed > 0 and current_setting('kvytok.seal_key', true) is null then
    raise exception '% is written by kvytok alone', name using errcode = 'restrict_violation',
      detail = 'This connection has not the key that stamps rows of money (keys/token-hmac.key).',
      hint = 'Name the folder of the service with --data. Correct the books by "kvytok ledger adjust".';
  end if;
end $$;

-- Seals the rows of a table from now on, all of a statement at once.
--
-- It names the columns that the table has: a migration that adds a column to a sealed table calls this
-- again. Where that column has a value in rows that are there, their digests change too, and the
-- migration has to add them to row_seal anew.
create function seal_columns(name text, key_columns text, left_out text) returns void
language plpgsql as $$
declare
  keys text[] := string_to_array(key_columns, ',');
  left_columns text[] := string_to_array(left_out, ',');
begin
  execute format($sql$create or replace function %I() returns trigger language plpgsql
    set timezone = 'UTC' set datestyle = 'ISO, YMD' set extra_float_digits = 1 as $body$
    declare
      sealed bigint;
    begin
      if tg_op = 'INSERT' then
        %s;
      elsif tg_op = 'UPDATE' then
        %s;
      else
        %s;
      end if;
      get diagnostics sealed = row_count;
      perform seals_need_key(tg_table_name, sealed);
      return null;
    end $body$ $sql$, name || '_sealed',
    seal_statement(name, format('select %s as key, %s as image from added n offset 0',
      seal_key(keys, 'n'), seal_text(name, left_columns, 'n'))),
    seal_statement(name, format('select coalesce(n.seal_key, o.seal_key) as key, '
      'case when n.seal_key is not null then %s end as image '
      'from (select %s as seal_key, n.* from added n offset 0) n '
      'full join (select %s as seal_key, o.* from removed o offset 0) o on o.seal_key = n.seal_key '
      'where n.seal_key is null or o.seal_key is null or %s offset 0',
      seal_text(name, left_columns, 'n'), seal_key(keys, 'n'), seal_key(keys, 'o'),
      seal_change(name, left_columns))),
    seal_statement(name, format('select %s as key, null::text as image from removed n',
      seal_key(keys, 'n'))));
  execute format('create or replace trigger %I after insert on %I referencing new table as added '
    'for each statement execute function %I(%L, %L)',
    name || '_sealed_in', name, name || '_sealed', key_columns, left_out);
  execute format('create or replace trigger %I after update on %I referencing old table as removed '
    'new table as added for each statement execute function %I(%L, %L)',
    name || '_sealed_anew', name, name || '_sealed', key_columns, left_out);
  execute format('create or replace trigger %I after delete on %I referencing old table as removed '
    'for each statement execute function %I(%L, %L)',
    name || '_sealed_out', name, name || '_sealed', key_columns, left_out);
end $$;

-- Seals a table from now on, with the rows that it has. `left_out` are columns that are none of the
-- money's: when something is due again, and who it was, for riders may be erased later.
create or replace function seal_table(name text, key_columns text, left_out text) returns void
language plpgsql set timezone = 'UTC' set datestyle = 'ISO, YMD' set extra_float_digits = 1 as $$
declare
  sealed bigint;
begin
  perform seal_columns(name, key_columns, left_out);
  execute seal_statement(name, format('select %s as key, %s as image from %I n order by 1',
    seal_key(string_to_array(key_columns, ','), 'n'),
    seal_text(name, string_to_array(left_out, ','), 'n'), name));
  get diagnostics sealed = row_count;
  perform seals_need_key(name, sealed);
end $$;

-- The tables that are sealed already, by what their triggers were told.
do $$
declare
  sealed record;
begin
  for sealed in
    select c.relname as name, min(encode(t.tgargs, 'escape')) as arguments
    from pg_trigger t join pg_class c on c.oid = t.tgrelid
    where t.tgfoid = 'seal_rows'::regproc group by c.relname
  loop
    perform seal_columns(sealed.name, split_part(sealed.arguments, '\000', 1),
      split_part(sealed.arguments, '\000', 2));
  end loop;
end $$;

drop function seal_rows();
drop function add_seals(text, text[], bytea[]);
drop function row_stamp(bigint, text, text, bytea);
