-- The shop's side of shop-invoices.yaml. Works as it is on PostgreSQL 13 and later; may be run again. Needs customers.sql.
CREATE TABLE IF NOT EXISTS shop_invoices (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  -- The business key.
  number      text NOT NULL UNIQUE,
  kind        text NOT NULL DEFAULT 'invoice' CHECK (kind IN ('invoice', 'credit note')),
  customer_id bigint NOT NULL REFERENCES customers (id) DEFERRABLE INITIALLY DEFERRED,
  invoiced_on date NOT NULL DEFAULT current_date,
  due_on      date,
  currency    varchar(3) NOT NULL,
  -- With taxes, as the customer was billed.
  total       numeric(14, 2) NOT NULL,
  -- Written here: post it.
  released    boolean NOT NULL DEFAULT false,
  -- Set by Odoo.
  odoo_number    text,
  state          text,
  payment        text,
  amount_untaxed numeric(14, 2),
  amount_total   numeric(14, 2),
  amount_due     numeric(14, 2)
);

CREATE TABLE IF NOT EXISTS shop_invoice_lines (
  invoice_id  bigint NOT NULL REFERENCES shop_invoices (id) ON DELETE CASCADE,
  position    integer NOT NULL,
  description text NOT NULL,
  sku         text,
  quantity    numeric(12, 3) NOT NULL DEFAULT 1,
  unit_price  numeric(12, 2) NOT NULL,
  discount    numeric(5, 2) NOT NULL DEFAULT 0,
  PRIMARY KEY (invoice_id, position)
);
