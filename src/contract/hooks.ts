import type { Change } from './change.ts'
import type { Value } from './value.ts'

/** Where a system may tell a collection's reader of changes. */
export interface PushTarget {
  /** Long, random and this reader's own: the secret in an address, the name of a channel. */
  readonly token: string
  /** The address that the system calls; null: none is configured. */
  readonly url: string | null
}

/** An HTTP call that a system made to our address. Whoever made it knew the token, and nothing more is proven. */
export interface HookCall {
  readonly body: Value
  /** The `event` in the address's query; null: none. */
  readonly event: string | null
}

/** Something that `Hooks.install` keeps in the system. */
export interface HookPart {
  /** What it does, in a word or two: "create and write", "delete". */
  readonly purpose: string
  /** Its id in the system; null: it is not there. */
  readonly id: string | null
  /** What the call did about it; `missing` and `outdated` only where nothing was to be changed. */
  readonly state: 'created' | 'updated' | 'unchanged' | 'removed' | 'missing' | 'outdated'
  /** What a person should know or do, as one sentence; null: nothing. */
  readonly note: string | null
}

/** How a collection's system tells us of changes by itself, and how it is made to. */
export interface Hooks {
  /**
   * What a call says, as far as it can be told without asking. The engine looks at hints and deletes before it acts.
   * @throws SyncError `invalid`: not understood, or about another collection.
   */
  parse(call: HookCall): readonly Change[]
  /**
   * Makes in the system what this collection needs, and changes what is not as it should be: twice does nothing.
   * @throws SyncError `forbidden` that says which rights are missing, `config` where the system cannot do it.
   */
  install(signal: AbortSignal): Promise<readonly HookPart[]>
  /** What is there and what is not as `install` would make it. Changes nothing. */
  list(signal: AbortSignal): Promise<readonly HookPart[]>
  /** Takes away what `install` made, and nothing else. May be repeated. */
  remove(signal: AbortSignal): Promise<readonly HookPart[]>
  /** Gives the address at which the system listens a new secret. Absent: there is none. */
  rotate?(signal: AbortSignal): Promise<readonly HookPart[]>
}
