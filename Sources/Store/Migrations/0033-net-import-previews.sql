-- What the import of a network changes of days rated before is worked out by the workers, piece by piece:
-- until it stands its order is `previewing`, and nothing is booked.
alter table rerating_order drop constraint rerating_order_state_check,
  add constraint rerating_order_state_check
    check (state in ('previewing', 'requested', 'approved', 'refused', 'done')),
  add column preview_place text;
do $$
begin
  perform seal_columns('rerating_order', 'order_id', '');
end $$;

-- Taps that would get another stop by the network of an order, until its preview stands. A null stop: the
-- tap would have none any more.
create table tap_placed_anew (
  order_id bigint not null references rerating_order,
  rider_id uuid not null,
  fare_day date not null,
  device_id text not null,
  epoch bigint not null,
  seq bigint not null,
  stop text,
  primary key (order_id, rider_id, fare_day, device_id, epoch, seq)
);

-- What one person corrects alone is added up.
create index stop_correction_alone on stop_correction (requested_at) where decided_by is null;
