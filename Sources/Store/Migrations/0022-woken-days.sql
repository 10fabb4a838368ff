-- Riders' days that wait for an account were asked for one at each pass. Now a day is asked once, is
-- marked, and is woken by what makes the account known.
alter table charge_day_waiting
  add column waits_for_account boolean not null default false,
  add column woken_at timestamptz not null default clock_timestamp();
create index charge_day_waiting_awake on charge_day_waiting (fare_day) where not waits_for_account;
create index charge_day_waiting_account on charge_day_waiting (rider_id);

-- The moment changes also where a day was not marked yet: who is just marking it finds another one, and
-- leaves it.
create function wake_days(riders uuid[]) returns void language sql as $$
  update charge_day_waiting set waits_for_account = false, woken_at = clock_timestamp()
  where rider_id = any(riders)
$$;

create function medium_wakes_days() returns trigger language plpgsql as $$
begin
  perform wake_days(array[old.rider_id, new.rider_id]);
  return null;
end $$;
create trigger medium_wakes_days after update of rider_id, account_reference on medium for each row
  when (old.rider_id <> new.rider_id or old.account_reference is distinct from new.account_reference)
  execute function medium_wakes_days();
create trigger medium_gone_wakes_days after delete on medium for each row
  execute function medium_wakes_days();

-- A card for good, or a phone that the acquirer took for good.
create function bank_medium_wakes_days() returns trigger language plpgsql as $$
begin
  perform wake_days((select array_agg(rider_id) from added where kind = 'bank'));
  return null;
end $$;
create trigger bank_medium_wakes_days after insert on medium referencing new table as added
  for each statement execute function bank_medium_wakes_days();
create function taken_phone_wakes_days() returns trigger language plpgsql as $$
begin
  perform wake_days(array(select rider_id from medium where medium_id = new.medium_id));
  return null;
end $$;
create trigger taken_phone_wakes_days after insert on charge_event for each row
  when (new.kind = 'card_good') execute function taken_phone_wakes_days();

-- Whoever is in the rider's place from now on is looked at anew.
create function moved_day_is_awake() returns trigger language plpgsql as $$
begin
  new.waits_for_account := false;
  new.woken_at := clock_timestamp();
  return new;
end $$;
create trigger moved_day_is_awake before update of rider_id on charge_day_waiting for each row
  when (old.rider_id <> new.rider_id) execute function moved_day_is_awake();
