import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'
import { type Ended, type Running, runProgram, startProgram } from '../cli/program.ts'

/** A copy of a recipe, used as its reader would. */
export interface Kitchen extends Disposable {
  tandem(...args: string[]): Promise<Ended>
  /** The daemon, which looks for changes itself once an hour: what comes sooner was told by a webhook. */
  run(port: string): Promise<Running>
}

export function cook(recipe: string): Kitchen {
  const folder = mkdtempSync(join(tmpdir(), 'tandem-recipe-'))
  cpSync(fileURLToPath(new URL(`../../docs/recipes/${recipe}`, import.meta.url)), folder, { recursive: true })
  const names = Object.keys(process.env).filter((name) => /^(ODOO|STRAPI|MEDUSA)_/.test(name))
  const env = Object.fromEntries(names.map((name) => [name, process.env[name] ?? '']))
  return {
    tandem: (...args) => runProgram(folder, args, env),
    async run(port) {
      lookSeldom(join(folder, 'mappings'))
      const daemon = startProgram(folder, ['run'], { ...env, TANDEM_LISTEN: `127.0.0.1:${port}` })
      await daemon.sees(/listen/i)
      return daemon
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  }
}

function lookSeldom(mappings: string): void {
  for (const name of readdirSync(mappings)) {
    const path = join(mappings, name)
    const text = readFileSync(path, 'utf8').replaceAll(/^(schedule|deep|sweep|compare_within):.*\n/gm, '')
    writeFileSync(path, `${text}schedule: every 1h\ndeep: every 1h\nsweep: every 6h\n`)
  }
}

export async function expectDone(running: Promise<Ended>): Promise<string> {
  const ended = await running
  expect(ended.code, ended.stdout + ended.stderr).toBe(0)
  return ended.stdout
}

/** Both sides in step, and left alone by a further run. */
export async function expectInStep({ tandem }: Kitchen, ...mappings: string[]): Promise<void> {
  await expectDone(tandem('sync'))
  expect(await expectDone(tandem('sync'))).toMatch(/nothing to apply/)
  for (const mapping of mappings) await expectDone(tandem('verify', mapping))
}
