// `npm run test:deploy [-- --container]`: what `deploy/` holds, with the tools that judge it, and completion in real shells.
// Installs them on Debian as root. With --container also builds the Dockerfile (with buildah, on a base made from Debian's packages) and runs it.
import { ensureKustomize } from './deploy/kustomize.ts'
import { installPackages, missingPackages } from './real/apt.ts'
import { whyHostCannotRunServers } from './real/host.ts'
import { progress, tellFailure } from './real/progress.ts'
import { runVitest } from './real/run-vitest.ts'
import { untilStopSignal } from './real/stop-signals.ts'

const CONTAINER = '--container'
const TOOLS = ['yamllint', 'bubblewrap', 'systemd', 'zsh', 'fish']
const CONTAINER_TOOLS = ['buildah', 'debootstrap', 'ca-certificates']

process.exitCode = await main().catch((error: unknown) => {
  tellFailure(error)
  return 1
})

async function main(): Promise<number> {
  const withContainer = process.argv.includes(CONTAINER)
  process.argv = process.argv.filter((arg) => arg !== CONTAINER)
  const reason = whyHostCannotRunServers()
  let { PATH = '' } = process.env
  if (reason === null) {
    const missing = await missingPackages(withContainer ? [...TOOLS, ...CONTAINER_TOOLS] : TOOLS)
    if (missing.length > 0) {
      progress(`installing ${missing.join(', ')} with apt (once)`)
      await installPackages(missing)
    }
    PATH = `${await ensureKustomize()}:${PATH}`
  } else if (withContainer) {
    progress(`cannot build the container here: ${reason}`)
    return 2
  }
  return runVitest(withContainer ? 'deploy*' : 'deploy', { ...process.env, PATH }, untilStopSignal())
}
