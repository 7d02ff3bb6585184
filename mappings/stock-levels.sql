-- The shop's side of stock-levels.yaml. Works as it is on PostgreSQL 13 and later; may be run again.
CREATE TABLE IF NOT EXISTS stock_levels (
  -- Odoo's id of the product in its location.
  quant_id   bigint PRIMARY KEY,
  sku        text,
  location   text,
  on_hand    numeric(14, 3) NOT NULL DEFAULT 0,
  reserved   numeric(14, 3) NOT NULL DEFAULT 0,
  -- on_hand less reserved.
  available  numeric(14, 3) NOT NULL DEFAULT 0,
  -- What somebody has counted, and when: written here, applied in Odoo.
  counted    numeric(14, 3),
  counted_at timestamptz
);

CREATE INDEX IF NOT EXISTS stock_levels_sku ON stock_levels (sku);
