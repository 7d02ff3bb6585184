import type pg from 'pg'

/** The ten fields that are kept in step, as Odoo names them. */
export const PARTNER_FIELDS = [
  'ref',
  'name',
  'email',
  'phone',
  'street',
  'city',
  'zip',
  'country_id',
  'is_company',
  'active',
] as const

const COUNTRIES = ['DE', 'FR', 'BE', 'NL', 'ES', 'IT', 'AT', 'PL']
const CITIES = ['Berlin', 'Lyon', 'Gent', 'Utrecht', 'Sevilla', 'Torino', 'Graz', 'Gdańsk']

/**
 * Makes partners by SQL, as fast as the database takes them, in one transaction, so that all carry one `write_date`.
 * `mark` is their job position: it keeps the partners of one comparison apart from all others.
 */
export async function insertPartners(database: pg.Client, mark: string, count: number): Promise<void> {
  // The name with the company's, by its column before 17.
  const { rowCount } = await database.query(
    "SELECT 1 FROM information_schema.columns WHERE table_name = 'res_partner' AND column_name = 'complete_name'",
  )
  const wholeName = rowCount === 0 ? 'display_name' : 'complete_name'
  const added = await columnsOfModules(database)
  await database.query(
    `INSERT INTO res_partner
       (id, commercial_partner_id, name, ${wholeName}, ref, email, email_normalized, phone, street, city, zip,
        country_id, is_company, active, function, type, lang, partner_share, color, message_bounce,
        create_uid, write_uid, create_date, write_date${added.map((name) => `, ${name}`).join('')})
     SELECT id, id, name, name, ref, email, email, phone, street, city, zip,
        (SELECT c.id FROM res_country c WHERE c.code = country), n % 3 = 0, true, $1, 'contact', 'en_US', true, 0, 0,
        2, 2, now() AT TIME ZONE 'utc', now() AT TIME ZONE 'utc'
        ${added.map((name) => `, (SELECT min(${name}) FROM res_partner)`).join('')}
     FROM (
       SELECT nextval('res_partner_id_seq') AS id, n, 'Customer ' || n || ' & Sons' AS name, $1 || '-' || n AS ref,
         'office.' || n || '@customer' || n % 997 || '.example' AS email, '+49 30 ' || 1000000 + n AS phone,
         'Long Street ' || n % 389 AS street, ($3::text[])[n % 8 + 1] AS city, lpad((n % 99999)::text, 5, '0') AS zip,
         ($4::text[])[n % 8 + 1] AS country
       FROM generate_series(1, $2::int) n OFFSET 0
     ) made`,
    [mark, count, CITIES, COUNTRIES],
  )
  await database.query('VACUUM (ANALYZE) res_partner')
}

/** Columns of modules that may not be empty: a partner gets what another one has. */
async function columnsOfModules(database: pg.Client): Promise<string[]> {
  const { rows } = await database.query<{ name: string }>(
    `SELECT column_name AS name FROM information_schema.columns
     WHERE table_name = 'res_partner' AND is_nullable = 'NO' AND column_default IS NULL
       AND column_name NOT IN ('name', 'active', 'type', 'partner_share', 'color', 'is_company')`,
  )
  return rows.map(({ name }) => name)
}

export async function removePartners(database: pg.Client, mark: string): Promise<void> {
  await database.query('DELETE FROM res_partner WHERE function = $1', [mark])
  await database.query('VACUUM (ANALYZE) res_partner')
}

/** In the order in which they were made. */
export async function partnerIds(database: pg.Client, mark: string): Promise<number[]> {
  const { rows } = await database.query<{ id: number }>('SELECT id FROM res_partner WHERE function = $1 ORDER BY id', [
    mark,
  ])
  return rows.map(({ id }) => id)
}
