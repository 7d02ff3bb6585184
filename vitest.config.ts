import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

/** `fast` needs no outside system; `real` and `real-protocols` run against the Odoo and the PostgreSQL that `npm run test:real` starts. */
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
          include: ['test/**/*.test.ts'],
          exclude: ['test/real/**', 'test/shops/**', 'test/package/**', 'test/deploy/**'],
          testTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'real',
          include: ['test/real/*.test.ts', 'test/real/mappings/*.test.ts'],
          testTimeout: 180_000,
          hookTimeout: 180_000,
          fileParallelism: false,
        },
      },
      {
        // Waits for Odoo's clock most of the time: side by side, after the others.
        test: {
          name: 'real-protocols',
          include: ['test/real/protocols/*.test.ts'],
          testTimeout: 180_000,
          hookTimeout: 180_000,
          sequence: { groupOrder: 1 },
        },
      },
      { test: { name: 'package', include: ['test/package/*.test.ts'], testTimeout: 60_000 } },
      { test: { name: 'deploy', include: ['test/deploy/deploy.test.ts'], testTimeout: 60_000 } },
      { test: { name: 'deploy-container', include: ['test/deploy/container.test.ts'] } },
      {
        test: {
          name: 'shops',
          include: ['test/shops/**/*.test.ts'],
          testTimeout: 180_000,
          hookTimeout: 180_000,
          fileParallelism: false,
        },
      },
    ],
  },
})
