import { statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const MEMORY_FOLDER = '/dev/shm'
const NEEDED_BYTES = 1_000_000_000

/**
 * Where the fast tests put their files: into memory where there is enough of it. They kill processes, not machines, so what
 * a disk adds is waiting for it: thousands of ledgers' commits.
 */
function temporaryFolder(): string {
  try {
    const { bavail, bsize } = statfsSync(MEMORY_FOLDER)
    return bavail * bsize > NEEDED_BYTES ? MEMORY_FOLDER : tmpdir()
  } catch {
    return tmpdir()
  }
}

/** What is awaited comes at once on a quiet machine, and late on one that is not. */
const PATIENT = { poll: { timeout: 20_000 } }

/** `fast` needs no outside system; `real` runs against the Odoo and the PostgreSQL that `npm run test:real` starts. */
export default defineConfig({
  // What a user's own code imports, before it is installed from a package.
  resolve: {
    alias: { 'odoo-tandem/contract': fileURLToPath(new URL('src/contract/index.ts', import.meta.url)) },
  },
  test: {
    // Half of the tests wait for processes of their own: three at a time keep two cores busy.
    maxWorkers: 3,
    projects: [
      {
        test: {
          name: 'fast',
          expect: PATIENT,
          include: ['test/**/*.test.ts'],
          exclude: ['test/real/**', 'test/shops/**', 'test/browser/**', 'test/package/**', 'test/deploy/**'],
          globalSetup: 'test/crash/bundle-daemon.ts',
          testTimeout: 60_000,
          hookTimeout: 60_000,
          env: { TMPDIR: temporaryFolder() },
        },
      },
      {
        // Each worker has an Odoo of its own: test/real/environment.ts.
        test: {
          name: 'real',
          expect: PATIENT,
          include: ['test/real/**/*.test.ts'],
          testTimeout: 180_000,
          hookTimeout: 180_000,
          maxWorkers: Number(process.env.TANDEM_REAL_WORKERS ?? 1),
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'package',
          expect: PATIENT,
          include: ['test/package/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'deploy',
          expect: PATIENT,
          include: ['test/deploy/deploy.test.ts', 'test/deploy/completion.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      { test: { name: 'deploy-container', expect: PATIENT, include: ['test/deploy/container.test.ts'] } },
      {
        // In a real Chromium, which `npm run test:browser` finds or installs.
        test: {
          name: 'browser',
          expect: PATIENT,
          include: ['test/browser/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'shops',
          expect: PATIENT,
          include: ['test/shops/**/*.test.ts'],
          testTimeout: 180_000,
          hookTimeout: 180_000,
          fileParallelism: false,
        },
      },
    ],
  },
})
