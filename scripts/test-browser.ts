// `npm run test:browser`: the status page in a real Chromium, which is installed from Debian where it is missing. Further
// arguments go to vitest. TANDEM_SHOTS=FOLDER keeps a picture of every page that is looked at.
import { ensureChromium } from './browser/chromium.ts'
import { progress, tellFailure } from './real/progress.ts'
import { runVitest } from './real/run-vitest.ts'
import { untilStopSignal } from './real/stop-signals.ts'

process.exitCode = await main().catch((error: unknown) => {
  tellFailure(error)
  return 1
})

async function main(): Promise<number> {
  const chromium = await ensureChromium()
  if ('missing' in chromium)
    progress(`the tests are skipped: ${chromium.missing}. Name one: TANDEM_CHROMIUM=/path/to/chromium`)
  const path = 'path' in chromium ? chromium.path : ''
  return runVitest('browser', { ...process.env, TANDEM_CHROMIUM: path }, untilStopSignal())
}
