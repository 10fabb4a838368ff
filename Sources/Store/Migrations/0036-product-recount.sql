-- Holders of products that had earned their price when rides of theirs changed: the next recognition
-- looks at them beside those whose price is not earned yet.
create table product_recount (
  rider_id uuid primary key
);
