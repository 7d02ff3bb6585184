/** Takes what an operator should read; `mapping` where it is about one. */
export type DaemonLog = (level: 'info' | 'warn' | 'error', message: string, mapping: string | null) => void
