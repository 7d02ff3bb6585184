/** What ends the servers that were started, whether or not they came up. The last one started is stopped first. */
export type Stops = (() => Promise<void>)[]
