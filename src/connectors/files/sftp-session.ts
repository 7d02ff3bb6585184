import { connect, type Socket } from 'node:net'
import { SyncError } from '../../contract/error.ts'
import { fingerprintOf } from './host-key.ts'
import type { FilesSettings, SftpSettings } from './settings.ts'
import { sftpError } from './sftp-errors.ts'

/** What ssh2 tells of a file. */
export interface SftpStats {
  readonly size: number
  /** Seconds. */
  readonly mtime: number
  isFile(): boolean
  isDirectory(): boolean
}
type Callback<T> = (error: Error | null | undefined, result: T) => void

/** The part of ssh2's SFTP that is used here. */
export interface Sftp {
  readdir(path: string, callback: Callback<readonly { readonly filename: string; readonly attrs: SftpStats }[]>): void
  lstat(path: string, callback: Callback<SftpStats>): void
  realpath(path: string, callback: Callback<string>): void
  open(path: string, flags: string, callback: Callback<Buffer>): void
  read(
    handle: Buffer,
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null | undefined, bytesRead: number) => void,
  ): void
  write(
    handle: Buffer,
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: Callback<undefined>,
  ): void
  close(handle: Buffer, callback: Callback<undefined>): void
  rename(from: string, to: string, callback: Callback<undefined>): void
  ext_openssh_rename(from: string, to: string, callback: Callback<undefined>): void
  ext_openssh_fsync(handle: Buffer, callback: Callback<undefined>): void
  unlink(path: string, callback: Callback<undefined>): void
  mkdir(path: string, callback: Callback<undefined>): void
}

interface Client {
  readonly sftp: Sftp
  connect(config: object): Promise<unknown>
  end(): Promise<unknown>
}
interface ClientModule {
  readonly default: new (name: string, told: Readonly<Record<'error' | 'end' | 'close', () => void>>) => Client
}

/** One request; `done` takes the answer. */
export type SftpWork<T> = (sftp: Sftp, done: Callback<T>) => void

export interface SftpSession extends AsyncDisposable {
  /**
   * Makes a call on the line, which is opened when it is needed. With `handle`, only on the line that gave it: on another one
   * it may stand for another file. @throws SyncError; after a broken line it is opened anew.
   */
  call<T>(subject: string, signal: AbortSignal, work: SftpWork<T>, handle?: Buffer): Promise<T>
}

export function sftpSession(name: string, ssh: SftpSettings, settings: FilesSettings): SftpSession {
  let client: Promise<Client> | null = null
  /** The one behind `client`: an older one that ends at last must not take it away. */
  let current: Client | null = null
  const owners = new WeakMap<Buffer, Client>()

  function drop(): void {
    const gone = client
    client = null
    current = null
    void gone?.then((each) => each.end()).catch(() => {})
  }

  async function open(): Promise<Client> {
    const Client = await loadClient()
    // A line that breaks between two calls is opened anew by the next one.
    const forget = (): void => {
      if (current !== opened) return
      client = null
      current = null
    }
    const opened: Client = new Client('tandem', { error: forget, end: forget, close: forget })
    let refusedKey: string | null = null
    try {
      await opened.connect({
        host: ssh.host,
        port: ssh.port,
        sock: await openSocket(ssh, settings.connectTimeoutMs),
        username: ssh.user,
        password: ssh.password,
        privateKey: ssh.privateKey,
        passphrase: ssh.passphrase,
        readyTimeout: settings.connectTimeoutMs,
        keepaliveInterval: 15_000,
        keepaliveCountMax: 3,
        hostVerifier: (key: Buffer) => {
          const fingerprint = fingerprintOf(key)
          if (ssh.hostKeys.includes(fingerprint)) return true
          refusedKey = fingerprint
          return false
        },
      })
    } catch (error) {
      if (refusedKey !== null) throw wrongHost(name, ssh.host, refusedKey)
      throw sftpError(error, `connection ${name}: ${ssh.host}`)
    }
    current = opened
    return opened
  }

  return {
    async call<T>(subject: string, signal: AbortSignal, work: SftpWork<T>, handle?: Buffer): Promise<T> {
      if (signal.aborted) throw new SyncError('timeout', `${subject}: the call was aborted`, { cause: signal.reason })
      client ??= open()
      const opening = client
      let opened: Client
      try {
        opened = await opening
      } catch (error) {
        if (client === opening) client = null
        throw error
      }
      const deadline = AbortSignal.any([signal, AbortSignal.timeout(settings.answerTimeoutMs)])
      try {
        if (handle && owners.get(handle) !== opened) throw new Error('the line broke while a file was open')
        const answer = await answered(opened.sftp, deadline, work)
        if (Buffer.isBuffer(answer)) owners.set(answer, opened)
        return answer
      } catch (error) {
        // A call without an answer leaves the line in an unknown state.
        if (deadline.aborted || (!isStatus(error) && handle === undefined)) drop()
        if (deadline.aborted) throw new SyncError('timeout', `${subject}: no answer`, { cause: error })
        throw sftpError(error, subject)
      }
    },
    async [Symbol.asyncDispose]() {
      const gone = client
      client = null
      await gone?.then((each) => each.end()).catch(() => {})
    },
  }
}

/** Without a delay for small packets: each call is one, and waits for its answer. */
function openSocket({ host, port }: SftpSettings, timeoutMs: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, noDelay: true })
    const late = (): void => {
      socket.destroy()
      reject(new SyncError('timeout', `${host}:${port} does not answer`))
    }
    socket.setTimeout(timeoutMs, late)
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.setTimeout(0)
      socket.off('error', reject)
      resolve(socket)
    })
  })
}

/** An answer of the server, as opposed to a line that broke. */
function isStatus(error: unknown): boolean {
  return error instanceof Error && 'code' in error && typeof error.code === 'number'
}

function answered<T>(sftp: Sftp | undefined, signal: AbortSignal, work: SftpWork<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    if (sftp === undefined) return reject(new Error('the line is closed'))
    const abort = (): void => reject(new Error('no answer'))
    signal.addEventListener('abort', abort, { once: true })
    work(sftp, (error, result) => {
      signal.removeEventListener('abort', abort)
      if (error) reject(error)
      else resolve(result)
    })
  })
}

async function loadClient(): Promise<ClientModule['default']> {
  try {
    return ((await import('ssh2-sftp-client')) as unknown as ClientModule).default
  } catch (cause) {
    throw new SyncError('config', 'The SFTP client is not installed', {
      cause,
      hint: 'Run: npm install ssh2-sftp-client',
    })
  }
}

function wrongHost(name: string, host: string, fingerprint: string): SyncError {
  return new SyncError(
    'config',
    `connection ${name}: ${host} shows the key ${fingerprint}, which is not the one configured`,
    {
      hint: 'It may be another server. Compare with its administrator (ssh-keygen -lf /etc/ssh/ssh_host_*_key.pub), then set host_key.',
    },
  )
}
