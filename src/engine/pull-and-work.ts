import type { Side } from '../mapping/mapping.ts'
import type { Context } from './context.ts'
import { newPageLane, type PageLane } from './page-lane.ts'
import { pull } from './pull.ts'
import { releaseCycles } from './release-cycles.ts'
import type { RunMemory } from './run-memory.ts'
import { workOnce } from './work.ts'
import type { NewPage } from './work-page.ts'

export interface PullAndWorkOptions {
  readonly sides: readonly Side[]
  readonly depth: 'tail' | 'deep'
  /** Nothing is in doubt: pages of new records may be dealt with without being staged. */
  readonly isDirect: boolean
}

/**
 * Reads the sides until they have caught up, and works off what they bring at the same time. The first failure ends both,
 * after what is under way is stored. One worker, several readers: nothing is decided about twice at a time.
 */
export async function pullAndWork(
  context: Context,
  options: PullAndWorkOptions,
  memory: RunMemory,
  signal: AbortSignal,
): Promise<void> {
  const stop = new AbortController()
  const both = AbortSignal.any([signal, stop.signal])
  const desk = newDesk()
  const pulls = options.sides.map(async (side) => {
    try {
      await pull(context, side, { ...desk, depth: options.depth, isDirect: options.isDirect, memory }, both)
    } catch (error) {
      if (!stop.signal.aborted) stop.abort(error)
      throw error
    }
  })
  const pulled = Promise.allSettled(pulls).then(() => desk.close())
  const lane = newPageLane(context, memory, both)
  try {
    await work(context, desk, lane, memory, both)
  } catch (error) {
    if (!stop.signal.aborted) stop.abort(error)
    desk.leave()
    await pulled
    throw stop.signal.reason
  }
  await pulled
  // The failure that came first, not that of a call which it ended.
  stop.signal.throwIfAborted()
  // What the last page staged after the last look.
  await workOff(context, memory, signal)
}

/** Works until the readers are done and nothing is due. What is being sent is settled in any case. */
async function work(
  context: Context,
  desk: Desk,
  lane: PageLane,
  memory: RunMemory,
  signal: AbortSignal,
): Promise<void> {
  try {
    await workOnTasks(context, desk, lane, memory, signal)
  } catch (error) {
    await lane.idle().catch(() => {})
    throw error
  }
  await lane.idle()
  desk.leave()
}

async function workOnTasks(
  context: Context,
  desk: Desk,
  lane: PageLane,
  memory: RunMemory,
  signal: AbortSignal,
): Promise<void> {
  while (!memory.isStopping()) {
    const task = desk.next()
    if (task) {
      await lane.take(task.page, () => task.done(true))
      continue
    }
    if (lane.isBusy()) {
      await Promise.race([lane.idle(), desk.handed()])
      continue
    }
    const taken = await workOnce(context, memory, signal)
    desk.taken(taken)
    if (taken > 0 || (await releaseCycles(context))) continue
    if (desk.isClosed()) return
    await desk.changed()
  }
}

/** Works off what is due, until nothing is. */
export async function workOff(context: Context, memory: RunMemory, signal: AbortSignal): Promise<void> {
  do {
    while (!memory.isStopping() && (await workOnce(context, memory, signal)) > 0);
  } while (!memory.isStopping() && (await releaseCycles(context)))
}

interface Task {
  readonly page: NewPage
  done(isSettled: boolean): void
}

/** Where readers put what the worker takes. */
interface Desk {
  onStaged(count: number): void
  /** Resolves when fewer than `limit` changes lie undecided. */
  room(limit: number): Promise<void>
  /** Hands over a page. True: it is settled. False: nobody takes it any more. */
  direct(page: NewPage): Promise<boolean>
  next(): Task | null
  /** Resolves when a page was handed over. */
  handed(): Promise<void>
  taken(count: number): void
  /** Resolves when there is something new, or it was closed. */
  changed(): Promise<void>
  close(): void
  /** The worker is gone. */
  leave(): void
  isClosed(): boolean
}

function newDesk(): Desk {
  let size = 0
  let isClosed = false
  let isNews = false
  let isLeft = false
  let listeners: (() => void)[] = []
  const tasks: Task[] = []
  const open = new Set<Task>()
  const notify = (): void => {
    const woken = listeners
    listeners = []
    for (const wake of woken) wake()
  }
  const wait = (): Promise<void> => new Promise((wake) => listeners.push(wake))
  return {
    onStaged(count) {
      size += count
      isNews = true
      notify()
    },
    async room(limit) {
      while (size >= limit && !isLeft) await wait()
    },
    direct: (page) =>
      new Promise((resolve) => {
        const task: Task = {
          page,
          done(isSettled) {
            open.delete(task)
            isNews = true
            notify()
            resolve(isSettled)
          },
        }
        if (isLeft) return resolve(false)
        open.add(task)
        tasks.push(task)
        isNews = true
        notify()
      }),
    next: () => tasks.shift() ?? null,
    async handed() {
      while (tasks.length === 0) await wait()
    },
    taken(count) {
      // Nothing taken: nothing is due, whatever the pages held.
      size = count === 0 ? 0 : Math.max(0, size - count)
      notify()
    },
    async changed() {
      while (!isNews && !isClosed) await wait()
      isNews = false
    },
    close() {
      isClosed = true
      notify()
    },
    leave() {
      isLeft = true
      for (const task of open) task.done(false)
      notify()
    },
    isClosed: () => isClosed,
  }
}
