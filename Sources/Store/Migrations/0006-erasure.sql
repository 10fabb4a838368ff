-- An erasure takes the card out of the list of charges, and nothing else.
create function charge_event_is_kept() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE' and to_jsonb(new) - 'medium_id' = to_jsonb(old) - 'medium_id' then
    return new;
  end if;
  raise exception 'charge_event is append-only' using errcode = 'restrict_violation';
end $$;
drop trigger charge_event_append_only on charge_event;
create trigger charge_event_append_only before update or delete on charge_event
  for each row execute function charge_event_is_kept();
