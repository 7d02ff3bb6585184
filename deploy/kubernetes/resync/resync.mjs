// Asks the daemon for a resync over its API and waits for it: the ledger's volume belongs to the daemon's pod alone.
// Run by Node.js in Tandem's own image. Exits 1 where the resync failed.
import { readFileSync } from 'node:fs'

const { TANDEM_URL, MAPPING, OPTIONS = '{}', TOKEN_FILE = '/run/secrets/tandem/token' } = process.env
const token = readFileSync(TOKEN_FILE, 'utf8').trim()
const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }

async function call(path, init = {}) {
  const answer = await fetch(`${TANDEM_URL}/api/${path}`, { headers, ...init })
  const body = await answer.json()
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${body.error?.message ?? ''} ${body.error?.hint ?? ''}`)
  return body
}

async function resync() {
  const { job } = await call(`mappings/${MAPPING}/resync`, { method: 'POST', body: OPTIONS })
  for (;;) {
    const { state, result, error } = await call(`jobs/${job}`)
    if (state === 'failed') throw new Error(`${error?.message} ${error?.hint ?? ''}`)
    if (state === 'done') return result
    await new Promise((resolve) => setTimeout(resolve, 1000))
  }
}

try {
  console.log(JSON.stringify(await resync()))
} catch (error) {
  console.error(error.message)
  process.exitCode = 1
}
