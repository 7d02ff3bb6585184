import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { z } from 'zod'
import { SyncError } from '../../contract/error.ts'
import { duration } from '../duration.ts'
import { describeIssues } from '../sql/spec.ts'
import { collectionSchema } from './collection-schema.ts'
import { keysOfKnownHost } from './host-key.ts'

const secret = z.string().min(1).meta({ secret: true })
const fingerprint = z
  .string()
  .regex(/^SHA256:[A-Za-z0-9+/]{43}=?$/, 'must be a fingerprint as ssh-keygen -lf shows it: SHA256:…')

const sftp = z
  .strictObject({
    host: z.string().min(1).describe("The server's name."),
    port: z.int().min(1).max(65_535).default(22).describe('Its port.'),
    user: z.string().min(1).describe('Who we are there.'),
    password: secret.optional().describe('Our password; or `private_key`.'),
    private_key: secret.optional().describe('The key itself, as the placeholder of a file gives it.'),
    passphrase: secret.optional().describe('What the key is encrypted with.'),
    host_key: z
      .union([fingerprint, z.array(fingerprint).min(1)])
      .optional()
      .describe('Who the server is: the fingerprint of its key, or several while it is being replaced.'),
    known_hosts: z.string().min(1).optional().describe('Or a file in the form of ~/.ssh/known_hosts that names it.'),
  })
  .refine((ssh) => ssh.password !== undefined || ssh.private_key !== undefined, 'needs password or private_key')
  .refine((ssh) => (ssh.host_key === undefined) !== (ssh.known_hosts === undefined), {
    path: ['host_key'],
    message: 'is needed, or known_hosts: a server that is not known could be anybody',
  })

/** A `type: files` connection in config.yaml. */
export const filesSettings = z.strictObject({
  type: z.literal('files').optional(),
  folder: z
    .string()
    .min(1)
    .describe(
      'On this machine, relative to the configuration; with `sftp`, on the server. Nothing outside of it is touched.',
    ),
  sftp: sftp.optional().describe("A server in place of this machine's own disk."),
  store: z
    .string()
    .min(1)
    .optional()
    .describe('The file in which is kept what the files add up to. ./data/<connection>.files.db unless given.'),
  timeouts: z
    .strictObject({
      connect: duration.prefault('20s').describe('To connect and log in.'),
      answer: duration.prefault('60s').describe('For each call.'),
    })
    .prefault({}),
  collections: z.record(z.string(), collectionSchema).describe('Kinds of records, by the name that mappings use.'),
})

export interface SftpSettings {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: string | undefined
  readonly privateKey: string | undefined
  readonly passphrase: string | undefined
  /** Fingerprints "SHA256:…" without padding. */
  readonly hostKeys: readonly string[]
}

export interface FilesSettings {
  readonly folder: string
  readonly sftp: SftpSettings | null
  readonly store: string
  readonly connectTimeoutMs: number
  readonly answerTimeoutMs: number
  readonly collections: z.output<typeof filesSettings>['collections']
}

/** @throws SyncError `config`. */
export function parseFilesSettings(settings: unknown, name: string, folder: string): FilesSettings {
  const result = filesSettings.safeParse(settings)
  if (!result.success) {
    throw new SyncError('config', `connection ${name}: ${describeIssues(result.error)}`, {
      cause: result.error,
      hint: 'A files connection needs folder and collections; docs/connectors/files.md explains them.',
    })
  }
  const { sftp: ssh, timeouts, collections, store = `data/${name}.files.db` } = result.data
  return {
    folder: ssh ? result.data.folder : resolve(folder, result.data.folder),
    sftp: ssh
      ? {
          host: ssh.host,
          port: ssh.port,
          user: ssh.user,
          password: ssh.password,
          privateKey: ssh.private_key,
          passphrase: ssh.passphrase,
          hostKeys: hostKeysOf(ssh, name, folder),
        }
      : null,
    store: resolve(folder, store),
    connectTimeoutMs: timeouts.connect,
    answerTimeoutMs: timeouts.answer,
    collections: collections,
  }
}

function hostKeysOf(ssh: z.output<typeof sftp>, name: string, folder: string): readonly string[] {
  if (ssh.known_hosts === undefined) return [ssh.host_key ?? []].flat().map((key) => key.replace(/=+$/, ''))
  const file = resolve(folder, ssh.known_hosts)
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (cause) {
    throw new SyncError('config', `connection ${name}: ${file} cannot be read`, { cause, hint: 'Correct known_hosts.' })
  }
  const keys = keysOfKnownHost(text, ssh.host, ssh.port)
  if (keys.length > 0) return keys
  throw new SyncError('config', `connection ${name}: ${file} does not know ${ssh.host}`, {
    hint: `Add its line after checking it: ssh-keyscan -p ${ssh.port} ${ssh.host}`,
  })
}
