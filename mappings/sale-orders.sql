-- The shop's side of sale-orders.yaml. Works as it is on PostgreSQL 13 and later; may be run again. Needs customers.sql and products.sql.
CREATE SEQUENCE IF NOT EXISTS sale_order_number;

CREATE TABLE IF NOT EXISTS sale_orders (
  id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  -- The business key, and the order's name in Odoo. Orders that are made in Odoo bring theirs.
  number         text NOT NULL UNIQUE DEFAULT 'W-' || nextval('sale_order_number'),
  customer_id    bigint NOT NULL REFERENCES customers (id) DEFERRABLE INITIALLY DEFERRED,
  ordered_at     timestamptz NOT NULL DEFAULT date_trunc('second', now()),
  reference      text,
  -- How far the shop is with it. Odoo follows: it confirms, invoices, takes the payment, or cancels.
  status         text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'confirmed', 'invoiced', 'paid', 'cancelled')),
  paid_on        date,
  -- Set by Odoo.
  odoo_state     text,
  delivery       text,
  invoicing      text,
  amount_untaxed numeric(14, 2),
  amount_total   numeric(14, 2),
  currency       varchar(3)
);

CREATE INDEX IF NOT EXISTS sale_orders_customer_id ON sale_orders (customer_id);

CREATE TABLE IF NOT EXISTS sale_order_lines (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  order_id    bigint NOT NULL REFERENCES sale_orders (id) ON DELETE CASCADE,
  position    integer NOT NULL DEFAULT 10,
  sku         text NOT NULL REFERENCES products (sku) ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED,
  quantity    numeric(12, 3) NOT NULL DEFAULT 1,
  unit_price  numeric(12, 2) NOT NULL DEFAULT 0,
  discount    numeric(5, 2) NOT NULL DEFAULT 0,
  -- Set by Odoo.
  description text,
  subtotal    numeric(14, 2),
  delivered   numeric(12, 3)
);

CREATE INDEX IF NOT EXISTS sale_order_lines_order_id ON sale_order_lines (order_id);
