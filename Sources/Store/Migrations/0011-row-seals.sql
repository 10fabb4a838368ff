-- Every version of a row of the tables that money rests on leaves its digest, in a list that is only
-- added to. A row that is not as its newest digest says was changed by no statement of the program;
-- the list itself goes into the trees of the periods.

create table row_seal (
  seal_id bigint generated always as identity primary key,
  table_name text not null,
  row_key text not null,             -- the columns that name the row, with / between them
  digest bytea not null check (length(digest) in (0, 32)),  -- empty: the row is gone
  period text references accounting_period  -- the month with whose close it was proven; null: not yet
);
create index row_seal_row on row_seal (table_name, row_key, seal_id);
create index row_seal_period on row_seal (period, table_name, seal_id);
create trigger row_seal_stays before update on row_seal for each row
  when (old.period is not null
    or row(old.seal_id, old.table_name, old.row_key, old.digest)
      is distinct from row(new.seal_id, new.table_name, new.row_key, new.digest))
  execute function is_append_only();
create trigger row_seal_append_only before delete on row_seal
  for each row execute function is_append_only();

-- What names a row.
create function row_key(image jsonb, key_columns text[]) returns text
language sql immutable parallel safe as $$
  select string_agg(image ->> name, '/' order by place)
  from unnest(key_columns) with ordinality as k (name, place)
$$;

-- The digest of a row. Empty columns are left out, so that a column that is added later changes no
-- digest. The caller's time zone has to be UTC.
create function row_digest(image jsonb, left_out text[]) returns bytea
language sql immutable parallel safe as $$
  select sha256(convert_to(jsonb_strip_nulls(image - left_out)::text, 'UTF8'))
$$;

create function seal_rows() returns trigger language plpgsql
set timezone = 'UTC' set datestyle = 'ISO, YMD' set extra_float_digits = 1 as $$
declare
  key_columns text[] := string_to_array(tg_argv[0], ',');
  left_out text[] := string_to_array(tg_argv[1], ',');
begin
  if tg_op = 'INSERT' then
    insert into row_seal (table_name, row_key, digest)
      select tg_table_name, row_key(to_jsonb(n), key_columns), row_digest(to_jsonb(n), left_out)
      from added n;
  elsif tg_op = 'UPDATE' then
    insert into row_seal (table_name, row_key, digest)
      with before as (
        select row_key(to_jsonb(o), key_columns) as key,
          row_digest(to_jsonb(o), left_out) as digest from removed o),
      after as (
        select row_key(to_jsonb(n), key_columns) as key,
          row_digest(to_jsonb(n), left_out) as digest from added n)
      select tg_table_name, key, ''::bytea from (
        select key from before except select key from after) g
      union all
      select tg_table_name, key, digest from (
        select key, digest from after except select key, digest from before) c;
  else
    insert into row_seal (table_name, row_key, digest)
      select tg_table_name, row_key(to_jsonb(o), key_columns), ''::bytea from removed o;
  end if;
  return null;
end $$;

-- A column that a later migration adds to a sealed table with a value for the rows that are there
-- changes their digests: that migration has to add them to row_seal anew, as the end of this function
-- does.
--
-- Seals a table from now on, with the rows that it has. `left_out` are columns that are none of the
-- money's: when something is due again, and who it was, for riders may be erased later.
create function seal_table(name text, key_columns text, left_out text) returns void
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
  execute format('insert into row_seal (table_name, row_key, digest) '
    'select %L, row_key(to_jsonb(t), string_to_array(%L, '','')), '
    'row_digest(to_jsonb(t), string_to_array(%L, '','')) from %I t order by 2',
    name, key_columns, left_out, name);
end $$;

do $$
begin
  perform seal_table('wallet_rule', 'currency', '');
  perform seal_table('wallet_account', 'account_id', 'rider_id');
  perform seal_table('wallet_day', 'account_id,fare_day', '');
  perform seal_table('wallet_movement', 'movement_id', '');
  perform seal_table('product_holding', 'holding_id', 'rider_id');
  perform seal_table('product_recognition', 'fare_day,product,currency', '');
  perform seal_table('charge_day', 'fare_day', '');
  perform seal_table('charge_window', 'window_id', 'rider_id,medium_id,next_at,asked_at');
  perform seal_table('charge_event', 'event_id', 'medium_id');
  perform seal_table('money_order', 'order_id', '');
  perform seal_table('charge_refund', 'refund_id', 'next_at,asked_at');
  perform seal_table('chargeback', 'case_id', '');
  perform seal_table('acquirer_file', 'file_id', '');
  perform seal_table('clearing_line', 'number,window_id,attempt,refund_id', '');
  perform seal_table('acquirer_record', 'record_id', '');
  perform seal_table('acquirer_message', 'message_id', '');
  perform seal_table('operator_account', 'operator_id', '');
  perform seal_table('payment_message', 'message_id', '');
  perform seal_table('payout', 'payout_id', '');
  perform seal_table('concession_rate', 'category,operator_id,from_day', '');
  perform seal_table('subsidy_claim', 'claim_id', '');
  perform seal_table('subsidy_line', 'claim_id,operator_id,category', '');
  perform seal_table('subsidy_ride', 'fare_day,lane,ride_id,is_taken_back', '');
  perform seal_table('adjustment', 'adjustment_id', '');
  perform seal_table('adjustment_line', 'adjustment_id,line', '');
  perform seal_table('rerating_order', 'order_id', '');
end $$;
