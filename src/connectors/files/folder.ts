/** A file as its folder lists it. */
export interface FileEntry {
  readonly name: string
  readonly size: number
  /** By the clock of the file's own system. */
  readonly mtimeMs: number
}

/**
 * A folder on this machine or on a server, and what is below it. Paths are relative to it, with "/"; nothing outside of it is
 * reached, whatever links lead there. Every method may be repeated. @throws SyncError from each.
 */
export interface Folder extends AsyncDisposable {
  /** For messages: its address without credentials. */
  readonly label: string
  /** Whether the clock of file times is this machine's. */
  readonly sharesClock: boolean
  /** What answered, and as whom. @throws SyncError `schema` where the folder is missing. */
  look(signal: AbortSignal): Promise<{ readonly server: string; readonly user: string | null }>
  /** Ordinary files only, links and folders left out. @throws SyncError `schema` where the folder is missing. */
  list(path: string, signal: AbortSignal): Promise<readonly FileEntry[]>
  /** null: there is no ordinary file of this name. */
  stat(path: string, signal: AbortSignal): Promise<FileEntry | null>
  /** The bytes from a position on. Ending the iteration early closes the file. */
  read(path: string, from: number, signal: AbortSignal): AsyncIterable<Buffer>
  /** Makes or replaces a file; it is on the disk when this resolves, as far as the system can do that. */
  write(path: string, pieces: Iterable<Buffer>, signal: AbortSignal): Promise<void>
  /** Gives a file its name at once. `taken`: there is another one of that name, and nothing was done. */
  move(from: string, to: string, replaces: boolean, signal: AbortSignal): Promise<'done' | 'taken'>
  /** Nothing happens where it is not there. */
  remove(path: string, signal: AbortSignal): Promise<void>
  /** Makes a folder and those above it, where they are missing. */
  makeFolder(path: string, signal: AbortSignal): Promise<void>
  /** Whether files can be made there, really tried. */
  isWritable(path: string, signal: AbortSignal): Promise<boolean>
  /** Wakes when something changes there; absent: it cannot be watched. */
  watch?(path: string, wake: () => void, signal: AbortSignal): Promise<void>
}
