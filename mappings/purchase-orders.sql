-- The other system's side of purchase-orders.yaml. Works as it is on PostgreSQL 13 and later; may be run again. Needs
-- customers.sql: vendors are contacts, too.
CREATE SEQUENCE IF NOT EXISTS purchase_order_number;

CREATE TABLE IF NOT EXISTS purchase_orders (
  id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  -- The business key, and the order's name in Odoo. Orders that are made in Odoo bring theirs.
  number         text NOT NULL UNIQUE DEFAULT 'B-' || nextval('purchase_order_number'),
  vendor_id      bigint NOT NULL REFERENCES customers (id) DEFERRABLE INITIALLY DEFERRED,
  vendor_ref     text,
  ordered_at     timestamptz NOT NULL DEFAULT date_trunc('second', now()),
  -- Odoo follows: it confirms the order, validates its receipt, or cancels it.
  status         text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'approved', 'received', 'cancelled')),
  -- Set by Odoo.
  odoo_state     text,
  receipt        text,
  amount_total   numeric(14, 2),
  currency       varchar(3)
);
