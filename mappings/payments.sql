-- The shop's side of payments.yaml. Works as it is on PostgreSQL 13 and later; may be run again. Needs customers.sql.
CREATE TABLE IF NOT EXISTS payments (
  odoo_id     bigint PRIMARY KEY,
  number      text,
  customer_id bigint REFERENCES customers (id) DEFERRABLE INITIALLY DEFERRED,
  direction   text NOT NULL CHECK (direction IN ('in', 'out')),
  -- draft, in_process, paid, canceled, rejected
  state       text NOT NULL,
  paid_on     date,
  amount      numeric(14, 2) NOT NULL,
  currency    varchar(3),
  memo        text
);
