import type { MappingFile } from '../mapping/mapping-file.ts'
import { type ExitCode, exitCodeOf, worstOf } from './exit-code.ts'
import { failureAsJson, failureLines } from './failure.ts'
import type { Invocation } from './invocation.ts'

/** Does the same for each mapping, one after the other. One where it cannot be done is told and does not keep the others from it. */
export async function eachMapping(
  { terminal, signal, json }: Invocation,
  files: readonly MappingFile[],
  act: (file: MappingFile) => Promise<ExitCode>,
): Promise<ExitCode> {
  const codes: ExitCode[] = []
  for (const file of files) {
    try {
      codes.push(await act(file))
    } catch (error) {
      signal.throwIfAborted()
      for (const line of failureLines(error)) terminal.note(`${file.name}: ${line}`)
      if (json) terminal.out(JSON.stringify({ mapping: file.name, error: failureAsJson(error) }))
      codes.push(exitCodeOf(error))
    }
  }
  return worstOf(codes)
}
