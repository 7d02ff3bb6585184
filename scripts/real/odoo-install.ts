import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { downloadPackage, installPackages, missingPackages } from './apt.ts'
import { cachePath } from './cache-dir.ts'
import { plainEnvironment, runCommand } from './command.ts'
import { withLock } from './lock.ts'
import { ensurePostgresPrograms } from './postgres-programs.ts'
import { progress } from './progress.ts'
import { ensureServerUser, type SystemUser, serverUserName } from './system-user.ts'

export const ODOO_SERIES = ['19', '14'] as const
export type OdooSeries = (typeof ODOO_SERIES)[number]

export interface OdooInstall {
  readonly series: OdooSeries
  /** As Debian names it, for example `19.0.0+dfsg-1`. */
  readonly version: string
  /** How an Odoo command line begins. */
  readonly command: string
  readonly commandArgs: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly user: SystemUser
  readonly postgresBinDir: string
}

/** Debian's names, in its stable release, for what the package depends on. */
const pythonPackages =
  'python3 python3-asn1crypto python3-babel python3-cbor2 python3-chardet python3-cryptography python3-dateutil python3-docutils python3-geoip2 python3-gevent python3-greenlet python3-idna python3-jinja2 python3-libsass python3-lxml python3-markupsafe python3-num2words python3-ofxparse python3-openpyxl python3-openssl python3-pil python3-polib python3-psutil python3-psycopg2 python3-pypdf python3-tz python3-qrcode python3-reportlab python3-requests python3-rjsmin python3-serial python3-stdnum python3-urllib3 python3-usb python3-vobject python3-werkzeug python3-xlrd python3-xlsxwriter python3-xlwt python3-zeep python3-freezegun python3-magic python3-passlib'.split(
    ' ',
  )

/** Odoo 19 and all it needs, downloaded and installed once. Quick when that is done. */
export async function ensureOdoo19(): Promise<OdooInstall> {
  return withLock(join(cachePath(), 'install.lock'), async () => {
    const user = await ensureServerUser()
    const missing = await missingPackages(pythonPackages)
    if (missing.length > 0) {
      progress(`installing ${missing.length} Python packages for Odoo with apt (once, about 20 s)`)
      await installPackages(missing)
    }
    const postgresBinDir = await ensurePostgresPrograms()
    const folder = join(cachePath(), 'odoo-19')
    const versionFile = join(folder, 'version')
    if (!existsSync(versionFile)) await unpackOdoo(folder)
    return {
      series: '19',
      version: readFileSync(versionFile, 'utf8'),
      command: '/usr/bin/python3',
      commandArgs: [join(folder, 'usr/bin/odoo')],
      env: { ...plainEnvironment, PYTHONPATH: join(folder, 'usr/lib/python3/dist-packages'), PYTHONUNBUFFERED: '1' },
      user,
      postgresBinDir,
    }
  })
}

async function unpackOdoo(folder: string): Promise<void> {
  const building = `${folder}.building`
  rmSync(building, { recursive: true, force: true })
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(building, { recursive: true })
  progress('downloading Odoo 19 (122 MB, once)')
  const download = cachePath('download')
  const file = await downloadPackage('odoo-19', 'sid', download)
  await runCommand('dpkg', ['-x', file, building])
  // The user that runs it owns it, so that Python can keep its compiled files beside the sources: a start is 3 s shorter.
  await runCommand('chown', ['-R', `${serverUserName}:`, building])
  writeFileSync(join(building, 'version'), decodeURIComponent(basename(file).split('_')[1] ?? 'unknown'))
  rmSync(download, { recursive: true })
  renameSync(building, folder)
}
