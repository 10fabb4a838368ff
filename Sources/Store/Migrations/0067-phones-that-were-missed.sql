-- A day that began to wait for an account while the account became known was marked all the same: who woke days
-- did not see it, and who marked it did not see the account. Now none is marked while anybody wakes days, and only
-- riders who may have a phone are woken, or marking would never have a turn.
create or replace function wake_days(riders uuid[]) returns void language plpgsql as $$
begin
  if cardinality(riders) > 0 then
    perform pg_advisory_xact_lock_shared(1263927316, 7);
    update charge_day_waiting set waits_for_account = false, woken_at = clock_timestamp()
    where rider_id = any(riders);
  end if;
end $$;
create or replace function bank_medium_wakes_days() returns trigger language plpgsql as $$
begin
  perform wake_days(array(
    select a.rider_id from added a where a.kind = 'bank' and (a.rider_id <> a.medium_id
      or exists (select from medium p where p.rider_id = a.rider_id and p.kind = 'phone'))));
  return null;
end $$;
create or replace function taken_phone_wakes_days() returns trigger language plpgsql as $$
begin
  perform wake_days(array(
    select rider_id from medium where medium_id = new.medium_id and kind = 'phone'));
  return null;
end $$;

-- Whoever was missed is looked at once more.
update charge_day_waiting set waits_for_account = false, woken_at = clock_timestamp()
where waits_for_account;
