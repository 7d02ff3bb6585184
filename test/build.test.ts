import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Linter } from 'eslint'
import { afterAll, beforeAll, expect, test } from 'vitest'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const DIST = join(ROOT, 'node_modules', '.cache', `build-${process.pid}`)
/** What Node.js 22, the oldest that the published package runs on, understands. */
const SYNTAX = { ecmaVersion: 2024, sourceType: 'module' } as const

function files(folder: string, ending: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith(ending))
}

// The types are checked by `npm run types`.
beforeAll(() => {
  execFileSync(
    join(ROOT, 'node_modules', '.bin', 'tsc'),
    ['-p', 'tsconfig.build.json', '--noCheck', '--outDir', DIST],
    { cwd: ROOT },
  )
})
afterAll(() => rmSync(DIST, { recursive: true, force: true }))

test('the published program holds no syntax that Node.js 22 lacks', () => {
  const linter = new Linter()
  const names = files(DIST, '.js')
  const wrong = names.flatMap((name) =>
    linter
      .verify(readFileSync(join(DIST, name), 'utf8'), [{ languageOptions: SYNTAX }], { filename: name })
      .map(({ line, message }) => `${name}:${line}: ${message}`),
  )
  expect(wrong).toEqual([])
  const sources = files(join(ROOT, 'src'), '.ts').filter((name) => !name.endsWith('.d.ts'))
  expect(names).toHaveLength(sources.length)
  const newer = linter.verify('await using file = open()', [{ languageOptions: SYNTAX }])
  expect(newer).toMatchObject([{ fatal: true }])
})

test('the source uses no class that Node.js 22 lacks', () => {
  const src = join(ROOT, 'src')
  const wrong = files(src, '.ts').filter((name) =>
    /\b(?:(?:Async)?DisposableStack|SuppressedError|Float16Array|URLPattern)\b/.test(
      readFileSync(join(src, name), 'utf8'),
    ),
  )
  expect(wrong).toEqual([])
})
