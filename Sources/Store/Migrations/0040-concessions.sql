-- A category has a rate in each currency from a day on: the second took the place of the first. The rows get other
-- names in the list of digests: under the old ones they are gone. One that is not as its digest says gets none, so that
-- the proof goes on naming it.
alter table concession_rate drop constraint concession_rate_pkey,
  add primary key (category, operator_id, from_day, currency);
do $$
declare
  old_key text := seal_key('{category,operator_id,from_day}', 'n');
  image text := seal_text('concession_rate', '{}', 'n');
  sealed bigint;
begin
  -- Texts of days and moments depend on these, and the proof makes them so.
  perform set_config('timezone', 'UTC', true), set_config('datestyle', 'ISO, YMD', true);
  perform seal_columns('concession_rate', 'category,operator_id,from_day,currency', '');
  execute seal_statement('concession_rate', format(
    'select %s as key, %s as image from concession_rate n where sha256(convert_to(%s, ''UTF8'')) = ('
    'select digest from row_seal r where r.table_name = ''concession_rate'' and r.row_key = %s '
    'order by seal_id desc limit 1) order by 1',
    seal_key('{category,operator_id,from_day,currency}', 'n'), image, image, old_key));
  get diagnostics sealed = row_count;
  perform seals_need_key('concession_rate', sealed);
  execute seal_statement('concession_rate', format(
    'select %s as key, null::text as image from concession_rate n order by 1', old_key));
  get diagnostics sealed = row_count;
  perform seals_need_key('concession_rate', sealed);
end $$;

-- A claim that takes back as much as it asks for, or more, comes to nothing or below, and so does its order.
alter table money_order drop constraint money_order_minor_check,
  add constraint money_order_minor_check check (minor > 0 or kind = 'subsidy');
