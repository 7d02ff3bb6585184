import { existsSync } from 'node:fs'
import { installPackages } from '../real/apt.ts'
import { whyHostCannotRunServers } from '../real/host.ts'
import { progress } from '../real/progress.ts'

const PLACES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
]

/**
 * Where a Chromium is: the one that TANDEM_CHROMIUM names, one that is installed, or Debian's, which is installed then.
 * A text instead says why there is none.
 */
export async function ensureChromium(): Promise<{ readonly path: string } | { readonly missing: string }> {
  const named = process.env.TANDEM_CHROMIUM ?? ''
  if (named !== '')
    return existsSync(named) ? { path: named } : { missing: `TANDEM_CHROMIUM names ${named}, which is not there` }
  const found = PLACES.find((place) => existsSync(place))
  if (found !== undefined) return { path: found }
  const reason = whyHostCannotRunServers()
  if (reason !== null) return { missing: `no Chromium is installed, and none can be: ${reason}` }
  progress('installing Chromium with apt (once)')
  try {
    await installPackages(['chromium', 'fonts-dejavu-core'])
  } catch (error) {
    return { missing: `Chromium could not be installed: ${error instanceof Error ? error.message : String(error)}` }
  }
  const installed = PLACES.find((place) => existsSync(place))
  return installed === undefined
    ? { missing: 'the package chromium was installed and is not there' }
    : { path: installed }
}
