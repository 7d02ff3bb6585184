import { describe, expect, test } from 'vitest'
import { loadConfig } from '../../src/config/load-config.ts'
import { loadMappings } from '../../src/config/load-mappings.ts'
import { CONFIG, linesOf, MAPPING, options } from './files.ts'

interface Mistake {
  readonly name: string
  readonly files: Readonly<Record<string, string>>
  readonly lines: readonly string[]
}

function mappingWith(line: string): Readonly<Record<string, string>> {
  return { 'mappings/m.yaml': MAPPING + line }
}

function replaced(from: string, to: string): Readonly<Record<string, string>> {
  return { 'mappings/m.yaml': MAPPING.replace(from, to) }
}

const MISTAKES: readonly Mistake[] = [
  {
    name: 'an unknown connection',
    files: replaced('connection: shop', 'connection: shopp'),
    lines: ['mappings/m.yaml:3:25: external.connection: config.yaml has no connection "shopp" (did you mean "shop"?)'],
  },
  {
    name: 'a connection like none',
    files: replaced('connection: erp', 'connection: sap'),
    lines: ['mappings/m.yaml:2:21: odoo.connection: config.yaml has no connection "sap" (it has erp, shop)'],
  },
  {
    name: 'no connection',
    files: replaced('connection: erp', 'conection: erp'),
    lines: ['mappings/m.yaml:2:9: odoo.connection: is missing (found "conection")'],
  },
  { name: 'no key', files: replaced(', key: id', ''), lines: ['mappings/m.yaml:3:1: external.key: is missing'] },
  {
    name: 'no name',
    files: replaced('mapping: customers', 'maping: customers'),
    lines: ['mappings/m.yaml:1:1: mapping: is missing (found "maping")'],
  },
  {
    name: 'a number as a name',
    files: replaced('mapping: customers', 'mapping: 5'),
    lines: ['mappings/m.yaml:1:10: mapping: expected a text, found 5: write it in quotes, "5"'],
  },
  {
    name: 'no fields',
    files: replaced('  - { odoo: name, external: full_name }\n', ''),
    lines: ['mappings/m.yaml:4:8: fields: expected a list, found nothing'],
  },
  {
    name: 'an empty list',
    files: replaced('fields:\n  - { odoo: name, external: full_name }', 'fields: []'),
    lines: ['mappings/m.yaml:4:9: fields: expected at least one pair of fields'],
  },
  {
    name: 'a pair without one side',
    files: mappingWith('  - { odoo: email, extrenal: mail }\n'),
    lines: ['mappings/m.yaml:6:20: fields[1].extrenal: unknown key "extrenal" (did you mean "external"?)'],
  },
  {
    name: 'an unknown option of a pair',
    files: mappingWith('  - { odoo: a, external: b, onwer: odoo }\n'),
    lines: ['mappings/m.yaml:6:29: fields[1].onwer: unknown key "onwer" (did you mean "owner"?)'],
  },
  {
    name: 'a wrong owner',
    files: mappingWith('  - { odoo: a, external: b, owner: shop }\n'),
    lines: ['mappings/m.yaml:6:36: fields[1].owner: expected odoo or external, found "shop"'],
  },
  {
    name: 'a number for a pair',
    files: mappingWith('  - 17\n'),
    lines: [
      'mappings/m.yaml:6:5: fields[1]: expected a text or a map of keys and values, found 17: write it in quotes, "17"',
    ],
  },
  {
    name: 'an unknown transform',
    files: mappingWith('  - { odoo: a, external: b, transform: nott }\n'),
    lines: [
      'mappings/m.yaml:6:40: fields[1].transform: expected not, trim, upper, lower, digits, phone, text, number, cents, epoch_s, epoch_ms, a map of keys and values or a list, found "nott" (did you mean "not"?)',
    ],
  },
  {
    name: 'an unknown setting',
    files: mappingWith('  - { odoo: a, external: b, transform: { prefx: x } }\n'),
    lines: ['mappings/m.yaml:6:42: fields[1].transform.prefx: unknown key "prefx" (did you mean "prefix"?)'],
  },
  {
    name: 'two transforms in one',
    files: mappingWith('  - { odoo: a, external: b, transform: { prefix: x, suffix: y } }\n'),
    lines: ['mappings/m.yaml:6:40: fields[1].transform: expected one transform here; several are a list'],
  },
  {
    name: 'a number as a key of a map',
    files: mappingWith('  - { odoo: a, external: b, map: { 007: x } }\n'),
    lines: ['mappings/m.yaml:6:36: fields[1].map.7: a key has to be a text: write "007" in quotes'],
  },
  {
    name: 'a lookup without by',
    files: mappingWith('  - { odoo: a, external: b, lookup: { model: m } }\n'),
    lines: ['mappings/m.yaml:6:29: fields[1].lookup.by: is missing'],
  },
  {
    name: 'a lookup elsewhere',
    files: mappingWith('  - { odoo: a, external: b, lookup: { model: m, by: c, connection: erb } }\n'),
    lines: [
      'mappings/m.yaml:6:68: fields[1].lookup.connection: config.yaml has no connection "erb" (did you mean "erp"?)',
    ],
  },
  {
    name: 'a link to nothing',
    files: mappingWith('  - { odoo: a, external: b, link: customer }\n'),
    lines: ['mappings/m.yaml:6:35: fields[1].link: there is no mapping "customer" (did you mean "customers"?)'],
  },
  {
    name: 'a wrong direction',
    files: mappingWith('direction: to_odoo\n'),
    lines: [
      'mappings/m.yaml:6:12: direction: expected both, to-odoo or from-odoo, found "to_odoo" (did you mean "to-odoo"?)',
    ],
  },
  {
    name: 'a wrong conflict',
    files: mappingWith('conflict: latest\n'),
    lines: ['mappings/m.yaml:6:11: conflict: expected odoo, external, newest or manual, found "latest"'],
  },
  {
    name: 'a share without %',
    files: mappingWith('deletes: { guard: { share: 10 } }\n'),
    lines: ['mappings/m.yaml:6:28: deletes.guard.share: expected a percentage from 0% to 100%, such as 10%'],
  },
  {
    name: 'a share over 100',
    files: mappingWith('changes_guard: { share: 110% }\n'),
    lines: ['mappings/m.yaml:6:25: changes_guard.share: expected a percentage from 0% to 100%, such as 10%'],
  },
  {
    name: 'a wrong policy',
    files: mappingWith('deletes:\n  from_odoo: remove\n'),
    lines: ['mappings/m.yaml:7:14: deletes.from_odoo: expected ignore, archive or delete, found "remove"'],
  },
  {
    name: 'a wrong exit',
    files: mappingWith('on_exit: ignore\n'),
    lines: [
      'mappings/m.yaml:6:10: on_exit: expected keep, archive, delete or a map of keys and values, found "ignore"',
    ],
  },
  {
    name: 'a schedule in words',
    files: mappingWith('schedule: often\n'),
    lines: [
      'mappings/m.yaml:6:11: schedule: expected an interval such as "every 5s", or a cron expression of 5 fields such as "15 3 * * *"',
    ],
  },
  {
    name: 'a schedule without unit',
    files: mappingWith('schedule: every 5\n'),
    lines: ['mappings/m.yaml:6:11: schedule: "5" is not a duration: write every 5s, every 10m or every 6h'],
  },
  {
    name: 'a number as a schedule',
    files: mappingWith('schedule: 5\n'),
    lines: [
      'mappings/m.yaml:6:11: schedule: expected a text or a map of keys and values, found 5: write it in quotes, "5"',
    ],
  },
  {
    name: 'a schedule too short',
    files: mappingWith('schedule: every 1ms\n'),
    lines: ['mappings/m.yaml:6:11: schedule: an interval lasts from 100ms to 24d'],
  },
  {
    name: 'a cron hour',
    files: mappingWith('schedule: "0 25 * * *"\n'),
    lines: ['mappings/m.yaml:6:11: schedule: "25" does not fit the hour of a cron expression'],
  },
  {
    name: 'a time zone',
    files: mappingWith('sweep: { cron: "0 3 * * *", time_zone: Berlin }\n'),
    lines: ['mappings/m.yaml:6:40: sweep.time_zone: is not a known time zone: write it like Europe/Berlin'],
  },
  {
    name: 'a wrong sweep',
    files: mappingWith('sweep: nightly\n'),
    lines: [
      'mappings/m.yaml:6:8: sweep: expected an interval such as "every 5s", or a cron expression of 5 fields such as "15 3 * * *"',
    ],
  },
  {
    name: 'no attempts',
    files: mappingWith('max_attempts: 0\n'),
    lines: ['mappings/m.yaml:6:15: max_attempts: expected at least 1'],
  },
  {
    name: 'a template without id',
    files: mappingWith('key: { generate: "T-" }\n'),
    lines: ['mappings/m.yaml:6:18: key.generate: expected a template with {id}, such as ODOO-{id}'],
  },
  {
    name: 'a wrong fold',
    files: mappingWith('match:\n  - { odoo: a, external: b, fold: [spaces] }\n'),
    lines: ['mappings/m.yaml:7:36: match[0].fold[0]: expected case or space, found "spaces" (did you mean "space"?)'],
  },
  {
    name: 'a name twice',
    files: { 'mappings/a.yaml': MAPPING, 'mappings/b.yaml': MAPPING },
    lines: ['mappings/b.yaml:1:10: mapping: mappings/a.yaml is called "customers" already'],
  },
  {
    name: 'a link across systems',
    files: {
      'mappings/a.yaml': `${MAPPING}  - { odoo: a, external: b, link: others }\n`,
      'mappings/b.yaml': MAPPING.replace('mapping: customers', 'mapping: others').replace('shop', 'erp'),
    },
    lines: ['mappings/a.yaml:6:35: fields[1].link: "others" has the external side in erp, and this mapping in shop'],
  },
  {
    name: 'problems of two files',
    files: { 'mappings/a.yaml': `${MAPPING}pagesize: 5\n`, 'mappings/b.yaml': 'mapping: b\n' },
    lines: [
      'mappings/a.yaml:6:1: pagesize: unknown key "pagesize" (did you mean "page_size"?)',
      'mappings/b.yaml:1:1: odoo: is missing',
      'mappings/b.yaml:1:1: external: is missing',
      'mappings/b.yaml:1:1: fields: is missing',
    ],
  },
]

describe('every mistake in a mapping file is named with its place', () => {
  test.each(MISTAKES)('$name', ({ files, lines }) => {
    expect(linesOf(() => loadMappings(loadConfig(options({ 'config.yaml': CONFIG, ...files }))))).toEqual(lines)
  })
})

test('a folder that is not there is named where the config names it', () => {
  const config = loadConfig({
    ...options({ 'config.yaml': `${CONFIG}mappings: ./nowhere\n` }),
    listFolder: () => {
      throw new Error('ENOENT')
    },
  })
  expect(linesOf(() => loadMappings(config))).toEqual([
    'config.yaml:4:11: mappings: the folder of the mappings cannot be read: ENOENT',
  ])
})
