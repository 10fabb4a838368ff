-- What is due is asked for by state: where no acquirer is there, all closed windows wait, and whoever looked
-- for windows below zero read all of them each second. Cards that are denied are few among those known.
drop index charge_window_due;
create index charge_window_due on charge_window (state, next_at, window_id) where next_at is not null;
create index card_standing_denied on card_standing (medium_id) where state = 'denied';
