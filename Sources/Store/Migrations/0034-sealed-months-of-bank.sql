-- What a closed month has seen of a statement, and until when a line is settled, decides what its kept
-- reports say and which lines explain the balance of 1100: these columns leave digests too. Where they
-- are empty the digest stays as it was.
do $$
declare
  sealed bigint;
begin
  -- Texts of moments depend on it, and the proof makes them so.
  perform set_config('timezone', 'UTC', true);
  perform seal_columns('bank_statement', 'statement_id', '');
  perform seal_columns('statement_line', 'line_id', 'counterparty,remittance');
  execute seal_statement('bank_statement', format(
    'select statement_id::text as key, %s as image from bank_statement n '
    'where kept_in is not null order by statement_id', seal_text('bank_statement', '{}', 'n')));
  get diagnostics sealed = row_count;
  perform seals_need_key('bank_statement', sealed);
  execute seal_statement('statement_line', format(
    'select line_id::text as key, %s as image from statement_line n '
    'where match_kept_in is not null or settled_on is not null order by line_id',
    seal_text('statement_line', '{counterparty,remittance}', 'n')));
  get diagnostics sealed = row_count;
  perform seals_need_key('statement_line', sealed);
end $$;

-- What was found out of lines of closed months is listed in the month that is open then.
create index statement_line_match_kept on statement_line (match_kept_in)
  where match_kept_in is not null;
