import { join } from 'node:path'
import { SIDES } from '../mapping/mapping.ts'
import type { MappingFile } from '../mapping/mapping-file.ts'
import { mappingSchema } from '../mapping/mapping-schema.ts'
import { type FileProblem, type Path, problemAt } from '../mapping/problem.ts'
import { didYouMean } from '../mapping/suggestion.ts'
import { ConfigError } from './config-error.ts'
import type { Config } from './load-config.ts'
import { parseFile } from './parse.ts'

/** Every `*.yaml` and `*.yml` in the folder, in the order of their names. @throws ConfigError with all problems of all. */
export function loadMappings(config: Config): readonly MappingFile[] {
  const problems: FileProblem[] = []
  const files: MappingFile[] = []
  for (const name of mappingFileNames(config)) {
    const file = join(config.mappings, name)
    const text = readText(config, file, problems)
    if (text === null) continue
    const parsed = parseFile(mappingSchema, { file, text, sources: config.sources, redactor: config.redactor })
    problems.push(...parsed.problems)
    if (parsed.value === null) continue
    files.push({ name: parsed.value.mapping, file, definition: parsed.value, locate: parsed.document.locate })
  }
  const isComplete = problems.length === 0
  problems.push(...duplicateNames(files))
  for (const file of files) {
    problems.push(...unknownConnections(config, file))
    // A mapping whose own file is broken is not known: what links to it is not to blame.
    if (isComplete) problems.push(...brokenLinks(file, files))
  }
  if (problems.length > 0) throw new ConfigError(problems, config.redactor.redact)
  return files
}

function mappingFileNames(config: Config): readonly string[] {
  try {
    const names = config.sources.listFolder(config.mappings)
    return names.filter((name) => /^[^.].*\.ya?ml$/i.test(name)).toSorted((a, b) => (a < b ? -1 : 1))
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    const message = `the folder of the mappings cannot be read: ${reason}`
    throw new ConfigError([problemAt(config.locate, ['mappings'], message)], config.redactor.redact)
  }
}

function readText(config: Config, file: string, problems: FileProblem[]): string | null {
  try {
    return config.sources.readFile(file)
  } catch (error) {
    const message = `the file cannot be read: ${error instanceof Error ? error.message : String(error)}`
    problems.push({ file, line: 1, column: 1, severity: 'error', path: '', message })
    return null
  }
}

function duplicateNames(files: readonly MappingFile[]): readonly FileProblem[] {
  const first = new Map<string, MappingFile>()
  const problems: FileProblem[] = []
  for (const file of files) {
    const other = first.get(file.name)
    if (other === undefined) first.set(file.name, file)
    else problems.push(problemAt(file.locate, ['mapping'], `${other.file} is called "${file.name}" already`))
  }
  return problems
}

function unknownConnections(config: Config, file: MappingFile): readonly FileProblem[] {
  const used: { path: Path; name: string }[] = []
  const { definition } = file
  for (const side of SIDES) used.push({ path: [side, 'connection'], name: definition[side].connection })
  definition.fields.forEach(({ lookup }, index) => {
    if (lookup?.connection !== undefined)
      used.push({ path: ['fields', index, 'lookup', 'connection'], name: lookup.connection })
  })
  return used
    .filter(({ name }) => !config.connections.has(name))
    .map(({ path, name }) => {
      const known = [...config.connections.keys()]
      const near = didYouMean(name, known) || ` (it has ${known.join(', ') || 'none'})`
      return problemAt(file.locate, path, `${config.file} has no connection "${name}"${near}`)
    })
}

/** A link leads to a mapping that exists, between the same two systems. */
function brokenLinks(file: MappingFile, files: readonly MappingFile[]): readonly FileProblem[] {
  return file.definition.fields.flatMap(({ link }, index) => {
    if (link === undefined) return []
    const path = ['fields', index, 'link']
    const target = files.find((candidate) => candidate.name === link.mapping)
    if (target === undefined) {
      const near = didYouMean(
        link.mapping,
        files.map((candidate) => candidate.name),
      )
      return [problemAt(file.locate, path, `there is no mapping "${link.mapping}"${near}`)]
    }
    return SIDES.filter((side) => target.definition[side].connection !== file.definition[side].connection).map((side) =>
      problemAt(
        file.locate,
        path,
        `"${target.name}" has the ${side} side in ${target.definition[side].connection}, and this mapping in ${file.definition[side].connection}`,
      ),
    )
  })
}
