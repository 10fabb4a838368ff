-- An acquirer that does not answer: the oldest window that waits for one, found without a look at the others.
create index charge_window_asked on charge_window (asked_at) where asked_at is not null;
