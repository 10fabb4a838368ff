-- A clearing file names the house's merchant, which was not kept: made again by somebody who knew another name it was
-- no longer the same file, and nothing behind it was given out. Now each file keeps the name it was made under.
alter table acquirer_file
  add column merchant text;             -- whom a clearing file names; null: one of before, or a funding file
do $$ begin
  perform seal_columns('acquirer_file', 'file_id', '');
end $$;
