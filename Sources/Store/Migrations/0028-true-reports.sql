-- What was free or reduced because of the rider's category, so that the city is asked for this alone.

-- People of a ride who rode free because of the rider's category: the rider, without companions.
create function concession_free_people(reason text) returns bigint
language sql immutable parallel safe as $$
  select (reason like '%"code":"free\_category"%')::int::int8
$$;

-- People of a ride who paid less than the full price because of the category. The steps of a reason are
-- read as they are written, key by key: what was changed by hand must not stop a proof.
create function concession_reduced_people(reason text) returns bigint
language sql immutable parallel safe as $$
  select case when reason like '%"code":"reduced\_category"%' then coalesce(substring(reason from
    '"code":"reduced_category","rule":"(?:[^"\\]|\\.)*"(?:,"minor":-?\d+)?,"number":(\d{1,4})')::int8, 0)
    else 0 end
$$;

-- What a category took off the price of a ride, minor units.
create function concession_minor(reason text) returns bigint
language sql immutable parallel safe as $$
  select case when reason like '%\_category",%' then coalesce(substring(reason from
      '"code":"free_category","rule":"(?:[^"\\]|\\.)*","minor":(-?\d{1,18})')::int8, 0)
    + coalesce(substring(reason from
      '"code":"reduced_category","rule":"(?:[^"\\]|\\.)*","minor":(-?\d{1,18})')::int8, 0)
    else 0 end
$$;

alter table ride_sum
  add column concession_rides bigint not null default 0,
  add column free_people bigint not null default 0,
  add column reduced_people bigint not null default 0,
  add column concession_minor bigint not null default 0;

-- What was free of the rides that are there; of reduced ones the reasons do not tell until their days
-- are rated anew. These columns are in no tree of a closed month.
alter table ride_sum disable trigger user;
update ride_sum s set concession_rides = c.rides, free_people = c.rides, concession_minor = c.minor
from (
  select r.fare_day, c.accounting_date, r.lane, coalesce(r.operator_id, '') as operator_id,
    coalesce(r.route, '') as route, coalesce(r.mode, '') as mode, r.category, r.product, r.medium,
    r.currency, r.tariff_version, sum(v.sign)::int8 as rides,
    sum(v.sign * concession_minor(r.reason))::int8 as minor
  from ride r
    cross join lateral (values (1, r.run_id), (-1, r.reversed_run_id)) as v (sign, run_id)
    join clearing_run c on c.run_id = v.run_id
  where r.reason like '%"code":"free\_category"%' and r.charged_minor is not null
  group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11) c
where (s.fare_day, s.accounting_date, s.lane, s.operator_id, s.route, s.mode, s.category, s.product,
    s.medium, s.currency, s.tariff_version)
  = (c.fare_day, c.accounting_date, c.lane, c.operator_id, c.route, c.mode, c.category, c.product,
    c.medium, c.currency, c.tariff_version);
alter table ride_sum enable trigger user;

-- Declined windows by when they were recovered: what was owed on a day is looked for among those that
-- were not by then.
create index charge_window_recovered on charge_window (recovered_at) where declined_at is not null;
