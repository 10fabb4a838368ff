-- A preview that orders nothing is worked out by the workers as that of an order is: `looking` until it stands,
-- and then `previewed` for good.
alter table rerating_order drop constraint rerating_order_state_check,
  add constraint rerating_order_state_check
    check (state in ('previewing', 'requested', 'approved', 'marking', 'refused', 'done',
      'looking', 'previewed'));
