-- The other system's side of purchase-orders.yaml. Works as it is on PostgreSQL 13 and later; may be run again. Needs
-- products.sql and customers.sql: vendors are contacts, too.
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

CREATE TABLE IF NOT EXISTS purchase_order_lines (
  id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  order_id   bigint NOT NULL REFERENCES purchase_orders (id) ON DELETE CASCADE,
  position   integer NOT NULL DEFAULT 10,
  sku        text NOT NULL REFERENCES products (sku) ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED,
  quantity   numeric(12, 3) NOT NULL DEFAULT 1,
  unit_price numeric(12, 2) NOT NULL DEFAULT 0,
  -- Set by Odoo.
  received   numeric(12, 3)
);

CREATE INDEX IF NOT EXISTS purchase_order_lines_order_id ON purchase_order_lines (order_id);
