-- Windows below zero, and what they took off others, are told one by one too.
drop index charge_window_rest;
create index charge_window_rest on charge_window (fare_day)
  where due_minor <> 0 or offset_minor <> 0 or written_off_minor > 0
    or captured_minor > settled_minor or charged_back_minor > 0 or refunded_minor > 0;
