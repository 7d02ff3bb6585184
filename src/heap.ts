import { setFlagsFromString } from 'node:v8'

/**
 * Keeps the heap from growing to sizes which pages of 5,000 records would drive it to and which V8 seldom gives back:
 * 232 instead of 476 MB at the peak of a first sync of 200,000 records, at the same speed (`bench/`, entry `memory`). The
 * young generation keeps its first size, and the old one is collected when it has grown by a fifth. To be called early.
 */
export function keepHeapSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1')
  setFlagsFromString('--heap-growing-percent=20')
}
