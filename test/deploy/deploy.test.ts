import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { loadConfig } from '../../src/config/load-config.ts'
import { expectRunsConfined } from './run-confined.ts'
import { has, USER_ID } from './sandbox.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const run = promisify(execFile)
const text = (name: string): string => readFileSync(join(ROOT, name), 'utf8')

/** The manifests of an overlay, by kind. */
async function manifests(overlay: string): Promise<Record<string, ReturnType<typeof parse>>> {
  const [program, verb] = has('kustomize') ? ['kustomize', 'build'] : ['kubectl', 'kustomize']
  const { stdout } = await run(program, [verb, join(ROOT, 'deploy/kubernetes', overlay)])
  const documents = parseAllDocuments(stdout).map((document) => document.toJS() as { kind: string })
  return Object.fromEntries(documents.map((each) => [each.kind, each]))
}

/** A configuration file as it would be read in a container, with a secret in each place. */
function readsWith(file: string): ReturnType<typeof loadConfig> {
  const readFile = (path: string): string => (path.startsWith('/run/secrets/') ? secretFor(path) : text(path))
  return loadConfig({ file, env: {}, readFile, listFolder: () => [] })
}

function secretFor(path: string): string {
  return path.endsWith('_url') ? 'postgres://shop.example.com/shop' : 'x'.repeat(48)
}

test.runIf(has('yamllint'))('every YAML file is well formed', async () => {
  await run('yamllint', ['--strict', '-c', join(ROOT, 'deploy/.yamllint'), join(ROOT, 'deploy')])
})

describe.each(['deploy/docker/config.yaml', 'deploy/kubernetes/example/config.yaml'])('%s', (file) => {
  test('is read, keeps its ledger on the volume and needs a token', () => {
    const config = readsWith(file)
    expect(dirname(config.ledger.file)).toBe('/var/lib/tandem')
    expect(config.server.listen).toMatchObject({ host: '0.0.0.0', port: 8080 })
  })
})

test('the example of Kubernetes has the mapping that the project ships', () => {
  // But for the first line, which names the schema from where the file is.
  const mapping = (name: string): string => text(name).split('\n').slice(1).join('\n')
  expect(mapping('deploy/kubernetes/example/customers.yaml')).toBe(mapping('mappings/customers.yaml'))
})

test('compose mounts what is there, and no service of it listens beyond this machine', () => {
  const { services, secrets } = parse(text('deploy/docker/compose.yaml')) as {
    services: Record<string, { volumes: string[]; ports?: string[]; secrets?: string[]; read_only?: boolean }>
    secrets: Record<string, unknown>
  }
  for (const [name, service] of Object.entries(services)) {
    for (const port of service.ports ?? []) expect(port, name).toMatch(/^127\.0\.0\.1:/)
    for (const secret of service.secrets ?? []) expect(secrets, name).toHaveProperty(secret)
    for (const volume of service.volumes) {
      const [source = ''] = volume.split(':')
      if (source.startsWith('.')) expect(() => text(join('deploy/docker', source)), volume).not.toThrow()
    }
  }
  expect(services.tandem?.read_only).toBe(true)
})

const hasKustomize = has('kustomize') || has('kubectl')

describe.runIf(hasKustomize)('Kubernetes', () => {
  test('one replica, restricted, probed, with the ledger on a volume of its own', async () => {
    const { StatefulSet, Service, ConfigMap, PodDisruptionBudget, ServiceMonitor } = await manifests('example')
    expect(StatefulSet.spec.replicas).toBe(1)
    const pod = StatefulSet.spec.template.spec
    expect(pod.securityContext).toMatchObject({
      runAsNonRoot: true,
      runAsUser: USER_ID,
      seccompProfile: { type: 'RuntimeDefault' },
    })
    const [container] = pod.containers
    expect(container.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    })
    expect(container.readinessProbe.httpGet.path).toBe('/readyz')
    expect(container.livenessProbe.httpGet.path).toBe('/healthz')
    expect(StatefulSet.spec.volumeClaimTemplates[0].spec.accessModes).toEqual(['ReadWriteOncePod'])
    expect(Service.spec.selector).toEqual(StatefulSet.spec.selector.matchLabels)
    expect(PodDisruptionBudget.spec.selector).toEqual(StatefulSet.spec.selector)
    expect(ServiceMonitor.spec.selector.matchLabels).toEqual(Service.metadata.labels)
    expect(ConfigMap.metadata.namespace).toBe('tandem')
    const mounted = container.volumeMounts.map(({ name }: { name: string }) => name).sort()
    const volumes = [...pod.volumes, { name: 'ledger' }].map(({ name }) => name).sort()
    expect(mounted).toEqual(volumes)
  })
})

test.runIf(hasKustomize)('the resync is a job beside the daemon, with its token and nothing else', async () => {
  const { Job, ConfigMap } = await manifests('resync')
  const pod = Job.spec.template.spec
  const [container] = pod.containers
  expect(container.securityContext).toMatchObject({ readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } })
  const [script, secrets] = pod.volumes
  expect(script.configMap.name).toBe(ConfigMap.metadata.name)
  expect(secrets.secret.items).toEqual([{ key: 'token', path: 'token' }])
})

describe.runIf(has('systemd-analyze'))('the systemd unit', () => {
  const unit = join(ROOT, 'deploy/systemd/tandem.service')

  test('is understood', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tandem-unit-'))
    try {
      // Only the program's place differs: it need not be installed here.
      const file = join(folder, 'tandem.service')
      writeFileSync(file, readFileSync(unit, 'utf8').replace('/usr/local/bin/tandem', '/bin/true'))
      const { stdout, stderr } = await run('systemd-analyze', ['verify', file])
      expect(stdout + stderr).toBe('')
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  test('is confined', async () => {
    // In tenths: 2.0 of 10 at most.
    await run('systemd-analyze', ['security', '--offline=true', '--threshold=20', unit])
  })
})

test.runIf(has('bwrap'))('it runs as another user, with a root that is read-only and no rights', async () => {
  await run('npm', ['run', '-s', 'build'], { cwd: ROOT })
  const programs = `${join(ROOT, 'node_modules/.bin')}:/usr/bin:/bin`
  await expectRunsConfined('/', programs, ['node', join(ROOT, 'dist/main.js')])
})
