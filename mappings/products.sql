-- The shop's side of products.yaml. Works as it is on PostgreSQL 13 and later; may be run again.
CREATE SEQUENCE IF NOT EXISTS product_sku;

-- One row for each thing that can be bought: a variant in Odoo's words. Variants of one product share template_id.
CREATE TABLE IF NOT EXISTS products (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  -- The business key. Products that come from Odoo bring theirs.
  sku         text NOT NULL UNIQUE DEFAULT 'P-' || nextval('product_sku'),
  name        text NOT NULL,
  -- Set by Odoo: the name with what tells the variants apart, and the product that they are variants of.
  label       text,
  template_id bigint,
  kind        text NOT NULL DEFAULT 'goods' CHECK (kind IN ('goods', 'service', 'combo')),
  -- Whether its stock is counted.
  stocked     boolean NOT NULL DEFAULT true,
  barcode     text,
  price       numeric(12, 2) NOT NULL DEFAULT 0,
  cost        numeric(12, 2) NOT NULL DEFAULT 0,
  unit        text,
  category    text,
  weight      numeric(12, 2) NOT NULL DEFAULT 0,
  description text,
  for_sale    boolean NOT NULL DEFAULT true,
  archived    boolean NOT NULL DEFAULT false,
  -- What there is of it when it is made, and where: counted in Odoo once, where Odoo has none of it in that place.
  opening_stock numeric(14, 3) CHECK (opening_stock > 0),
  opening_place text NOT NULL DEFAULT 'WH/Stock',
  updated_at  timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX IF NOT EXISTS products_template_id ON products (template_id);
