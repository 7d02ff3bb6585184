import { isLoopback } from '../../config/config-schema.ts'
import type { AccessSettings } from './access-settings.ts'

/**
 * Whether a request may be for this server, by the name it was called under. A page of a stranger that had its own name
 * point to this machine (DNS rebinding) is told by that name. An address in digits cannot be such a name.
 */
export function isOwnHost(settings: AccessSettings, hostname: string): boolean {
  const host = bare(hostname)
  if (isLoopback(host)) return true
  if (settings.token === null) return settings.hosts.some((name) => bare(name) === host)
  return isAddress(host) || namesOf(settings).includes(host)
}

/**
 * Whether a request that changes something comes from a page of this server, or from no page at all. Browsers say where
 * it comes from, and no page can make them say otherwise.
 * @param demandsOrigin for what only pages of ours send: silence is a refusal as well.
 */
export function isOwnOrigin(
  settings: AccessSettings,
  headers: { readonly site: string | null; readonly origin: string | null; readonly host: string },
  demandsOrigin: boolean,
): boolean {
  const { site, origin, host } = headers
  if (site !== null) return site === 'same-origin'
  if (origin === null) return !demandsOrigin
  if (!URL.canParse(origin)) return false
  const from = new URL(origin)
  return from.host === host || namesOf(settings).includes(bare(from.hostname))
}

function namesOf({ hosts, publicUrl }: AccessSettings): readonly string[] {
  const names = publicUrl === null ? hosts : [...hosts, new URL(publicUrl).hostname]
  return names.map(bare)
}

/** Without a port and the brackets of IPv6, in small letters. */
function bare(name: string): string {
  return name
    .toLowerCase()
    .replace(/(?<=[^:]|\]):\d+$/, '')
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '')
}

function isAddress(host: string): boolean {
  return /^\d{1,3}(?:\.\d{1,3}){3}$/.test(host) || host.includes(':')
}
