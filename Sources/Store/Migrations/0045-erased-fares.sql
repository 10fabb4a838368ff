-- Fares of a rider who was erased may still change, by an order to rate anew or an import: nobody is there who owes
-- or gets back the difference. It is given up, or taken off what was given up.
create table erased_fare (
  erased_fare_id bigint generated always as identity primary key,
  lane smallint not null,
  rider_id uuid not null,               -- the number under which the rides of an erased rider go on
  fare_day date not null,
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  is_stored_value boolean not null,     -- of rides with cards and QR codes; else with bank cards and phones
  minor bigint not null check (minor <> 0),  -- what the day costs more since; below zero: less
  booked_at timestamptz not null,
  entry_id bigint not null references entry
);
create index erased_fare_day on erased_fare (lane, rider_id, fare_day);
create index erased_fare_entry on erased_fare (entry_id);
create trigger erased_fare_append_only before update or delete on erased_fare
  for each row execute function is_append_only();
create index rider_erased on rider (rider_id) where erased_at is not null;
do $$ begin
  perform seal_table('erased_fare', 'erased_fare_id', '');
end $$;
