-- Whoever stands at a cash desk has a role of their own.
alter table access_token drop constraint access_token_role_check;
alter table access_token add constraint access_token_role_check
  check (role in ('admin', 'accountant', 'planner', 'dispatcher', 'inspector', 'rider', 'cashier'));
