-- Batches that a person has to look into are few, and whoever counted them read the whole journal.
create index tap_batch_set_aside on tap_batch (lane, batch_id)
  where sorted_at is null and sort_fault is not null;
