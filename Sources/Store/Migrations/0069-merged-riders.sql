-- What was done to a rider is shown with what was done to those who were merged into them: these are found by an index.
create index rider_merged on rider (merged_into) where merged_into is not null;
