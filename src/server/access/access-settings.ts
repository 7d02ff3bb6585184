/** What decides who may look and change: see `server` in the configuration. */
export interface AccessSettings {
  /** null: whoever reaches the server may use it, and only this machine does. */
  readonly token: string | null
  /** Further names under which the server is called. */
  readonly hosts: readonly string[]
  readonly publicUrl: string | null
}
