-- The report of the reconciliation lists what was settled and not paid by a file: what desks took, and lines of
-- files by their windows.
create index charge_window_desk on charge_window (fare_day) where desk_minor <> 0;
create index acquirer_record_window on acquirer_record (window_id) where window_id is not null;
