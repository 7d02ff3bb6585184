import { z } from 'zod'
import { SyncError } from '../../contract/error.ts'
import { duration } from '../duration.ts'
import { describeIssues } from '../sql/spec.ts'

/** A `type: mysql` connection: MariaDB 10.6 and later, or MySQL 8. */
export const mysqlSettingsSchema = z.strictObject({
  type: z.literal('mysql').optional(),
  url: z
    .string()
    .regex(/^(mysql|mariadb):\/\//, 'must begin with mysql://')
    .describe(
      "mysql://user:password@host:3306/database. With TLS: `?ssl-mode=required`, or `?ssl-mode=verify_identity`, which also checks the server's certificate, and `&ssl-ca=/path/to/ca.pem` where its issuer is not a public one.",
    ),
  connections: z.number().int().min(1).max(50).default(4).describe('The most connections at once.'),
  connect_timeout: duration.prefault('10s').describe('To connect and log in.'),
  statement_timeout: duration.prefault('60s').describe('The server ends a statement of ours that takes longer.'),
})

export interface MysqlSettings {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: string
  readonly database: string
  /** null: no TLS. */
  readonly tls: { readonly isVerified: boolean; readonly caFile: string | null } | null
  readonly connections: number
  readonly connectTimeoutMs: number
  readonly statementTimeoutMs: number
}

/** @throws SyncError `config`. */
export function parseMysqlSettings(settings: unknown, name: string): MysqlSettings {
  const result = mysqlSettingsSchema.safeParse(settings)
  if (!result.success) {
    throw new SyncError('config', `connection ${name}: ${describeIssues(result.error)}`, {
      cause: result.error,
      hint: 'A mysql connection needs url, and may have connections, connect_timeout and statement_timeout.',
    })
  }
  const { url, connections, connect_timeout, statement_timeout } = result.data
  return {
    ...parseUrl(url, name),
    connections,
    connectTimeoutMs: connect_timeout,
    statementTimeoutMs: statement_timeout,
  }
}

const TLS_MODES: Readonly<Record<string, { readonly isVerified: boolean } | null>> = {
  disabled: null,
  required: { isVerified: false },
  verify_identity: { isVerified: true },
}

function parseUrl(
  text: string,
  name: string,
): Omit<MysqlSettings, 'connections' | 'connectTimeoutMs' | 'statementTimeoutMs'> {
  const url = URL.canParse(text) ? new URL(text) : null
  const database = url === null ? '' : decodeURIComponent(url.pathname.slice(1))
  if (url === null || url.hostname === '' || database === '') {
    throw new SyncError('config', `connection ${name}: the url names no host and database`, {
      hint: 'Write mysql://user:password@host:3306/database, with letters such as @ and / of a password as %40 and %2F.',
    })
  }
  const mode = (url.searchParams.get('ssl-mode') ?? 'disabled').toLowerCase()
  const tls = TLS_MODES[mode]
  const unknown = [...url.searchParams.keys()].filter((key) => key !== 'ssl-mode' && key !== 'ssl-ca')
  if (tls === undefined || unknown.length > 0) {
    const what = tls === undefined ? `ssl-mode=${mode}` : unknown.join(', ')
    throw new SyncError('config', `connection ${name}: the url has ${what}, which is not known`, {
      hint: 'It may have ssl-mode=disabled, required or verify_identity, and ssl-ca=FILE.',
    })
  }
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? 3306 : Number(url.port),
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    database,
    tls: tls === null ? null : { ...tls, caFile: url.searchParams.get('ssl-ca') },
  }
}
