-- The shop's side of customers.yaml. Works as it is on PostgreSQL 13 and later; may be run again.
CREATE SEQUENCE IF NOT EXISTS customer_code;

CREATE TABLE IF NOT EXISTS customers (
  id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  -- The business key. Customers that come from Odoo bring theirs.
  code         text NOT NULL UNIQUE DEFAULT 'S-' || nextval('customer_code'),
  -- Odoo lets an address without a name belong to a company.
  full_name    text,
  is_company   boolean NOT NULL DEFAULT false,
  email        text,
  phone        text,
  website      text,
  tax_number   text,
  street       text,
  street_extra text,
  zip          text,
  city         text,
  -- ISO 3166-1, two letters.
  country      varchar(2),
  -- The company that this person belongs to.
  parent_id    bigint REFERENCES customers (id) DEFERRABLE INITIALLY DEFERRED,
  address_kind text DEFAULT 'main' CHECK (address_kind IN ('main', 'billing', 'shipping', 'other')),
  notes_html   text,
  archived     boolean NOT NULL DEFAULT false,
  created_at   timestamptz NOT NULL DEFAULT now(),
  updated_at   timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX IF NOT EXISTS customers_parent_id ON customers (parent_id);
CREATE INDEX IF NOT EXISTS customers_email ON customers (lower(email));
