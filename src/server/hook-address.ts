import { createHmac, timingSafeEqual } from 'node:crypto'
import type { PushTarget } from '../contract/hooks.ts'
import type { Side } from '../mapping/mapping.ts'

/** What the addresses of hooks are made from: see `server` in the configuration. */
export interface HookSettings {
  readonly publicUrl: string | null
  /** The first makes new addresses; those of all are accepted. */
  readonly hookSecrets: readonly string[]
}

/**
 * The secret in the address that one side of one mapping is told at: 256 bits, made from the configured secret, so that
 * it is stored nowhere and one mapping's says nothing of another's.
 */
function hookToken(secret: string, mapping: string, side: Side): string {
  return createHmac('sha256', secret).update(`tandem hook ${mapping} ${side}`).digest('base64url')
}

/** Where a system tells of changes; undefined: no secret is configured, so nowhere. */
export function pushTarget(settings: HookSettings, mapping: string, side: Side): PushTarget | undefined {
  const [secret] = settings.hookSecrets
  if (secret === undefined) return undefined
  const token = hookToken(secret, mapping, side)
  const { publicUrl } = settings
  return { token, url: publicUrl === null ? null : `${publicUrl}${hookPath(mapping, side, token)}` }
}

export function hookPath(mapping: string, side: string, token: string): string {
  return `/hooks/${mapping}/${side}/${token}`
}

/** Whether `token` is one of this mapping's and side's. Takes as long for a wrong one as for the right one. */
export function isHookToken(settings: HookSettings, mapping: string, side: Side, token: string): boolean {
  const given = Buffer.from(token)
  return settings.hookSecrets
    .map((secret) => {
      const expected = Buffer.from(hookToken(secret, mapping, side))
      return given.length === expected.length && timingSafeEqual(given, expected)
    })
    .includes(true)
}
