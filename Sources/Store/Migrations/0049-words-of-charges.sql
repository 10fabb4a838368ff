-- The reasons of orders about charges stand in the list of what happened to these as well: an erasure takes them away.
create or replace function charge_event_is_kept() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE'
    and to_jsonb(new) - 'medium_id' - 'detail' = to_jsonb(old) - 'medium_id' - 'detail'
    and (new.detail is not distinct from old.detail or new.detail = 'erased'
      and old.kind in ('write_off_proposed', 'refund_proposed', 'refund_ordered'))
  then
    return new;
  end if;
  raise exception 'charge_event is append-only' using errcode = 'restrict_violation';
end $$;
