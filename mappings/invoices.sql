-- The shop's side of invoices.yaml. Works as it is on PostgreSQL 13 and later; may be run again. Needs customers.sql.
CREATE TABLE IF NOT EXISTS invoices (
  -- Odoo's id: a draft has no number yet.
  odoo_id        bigint PRIMARY KEY,
  number         text,
  kind           text NOT NULL CHECK (kind IN ('invoice', 'credit note')),
  state          text NOT NULL CHECK (state IN ('draft', 'posted', 'cancel')),
  payment        text,
  customer_id    bigint REFERENCES customers (id) DEFERRABLE INITIALLY DEFERRED,
  order_number   text,
  invoiced_on    date,
  due_on         date,
  amount_untaxed numeric(14, 2) NOT NULL DEFAULT 0,
  amount_total   numeric(14, 2) NOT NULL DEFAULT 0,
  amount_due     numeric(14, 2) NOT NULL DEFAULT 0,
  currency       varchar(3),
  overdue_after  date,
  -- Written here: post it, and what the customer paid and when.
  release        boolean NOT NULL DEFAULT false,
  paid_on        date
);

CREATE INDEX IF NOT EXISTS invoices_customer_id ON invoices (customer_id);

CREATE TABLE IF NOT EXISTS invoice_lines (
  invoice_id  bigint NOT NULL REFERENCES invoices (odoo_id) ON DELETE CASCADE,
  odoo_id     bigint NOT NULL,
  position    integer,
  description text,
  sku         text,
  quantity    numeric(12, 3) NOT NULL DEFAULT 1,
  unit_price  numeric(12, 2) NOT NULL DEFAULT 0,
  discount    numeric(5, 2) NOT NULL DEFAULT 0,
  subtotal    numeric(14, 2) NOT NULL DEFAULT 0,
  PRIMARY KEY (invoice_id, odoo_id)
);
