import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { cachePath } from '../real/cache-dir.ts'
import { runCommand } from '../real/command.ts'
import { withLock } from '../real/lock.ts'
import { progress } from '../real/progress.ts'

/** A program from the npm registry, installed for the tests. */
export interface ShopInstall {
  /** Holds node_modules. */
  readonly directory: string
  /** What its processes get: the system's own Node.js, for which its native packages were built. */
  readonly environment: Readonly<Record<string, string>>
}

/** Installs packages of pinned versions into the cache, once. Needs about 700 MB and two minutes. */
export function ensureShop(name: string, packages: Readonly<Record<string, string>>): Promise<ShopInstall> {
  const environment = systemEnvironment()
  const directory = join(cachePath('shops'), name)
  return withLock(join(cachePath(), `shop-${name}.lock`), async () => {
    if (existsSync(directory)) return { directory, environment }
    progress(`installing ${name}, which takes two minutes the first time`)
    const making = `${directory}.making`
    rmSync(making, { recursive: true, force: true })
    mkdirSync(making, { recursive: true })
    writeFileSync(join(making, 'package.json'), JSON.stringify({ name, private: true, dependencies: packages }))
    await runCommand('npm', ['install', '--no-audit', '--no-fund'], { cwd: making, env: environment })
    renameSync(making, directory)
    return { directory, environment }
  })
}

const NEEDED =
  /^(HOME|LANG|NODE_EXTRA_CA_CERTS|(HTTPS?|NO)_PROXY|npm_config_(registry|cafile|userconfig|cache|proxy|https_proxy|noproxy))$/i

/** Of npm's own settings only how to reach the registry: others, such as `local_prefix`, are those of the npm around this. */
function systemEnvironment(): Record<string, string> {
  const path = (process.env.PATH ?? '').split(delimiter).filter((folder) => !folder.includes('node_modules'))
  const own = Object.entries(process.env).filter(([name]) => NEEDED.test(name))
  return { ...(Object.fromEntries(own) as Record<string, string>), PATH: path.join(delimiter) }
}
