-- The list of conflicts looked for the batch of each other content in the whole journal of its device's epoch. Such a
-- batch repeats a number of an earlier one, and few do: a batch of new numbers alone is not in the index.
create index tap_batch_repeating on tap_batch (device_id, epoch, received_at) where fresh <> seqs;
