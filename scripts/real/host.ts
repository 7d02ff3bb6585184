import { existsSync, readFileSync } from 'node:fs'

/** Why this machine cannot run the real Odoo and PostgreSQL of these scripts; null when it can. */
export function whyHostCannotRunServers(): string | null {
  if (process.platform !== 'linux') return `this system is ${process.platform}, not Debian`
  const release = osRelease()
  if (release.get('ID') !== 'debian') return `this system is ${release.get('PRETTY_NAME') ?? 'unknown'}, not Debian`
  if (!existsSync('/usr/bin/apt-get')) return 'apt-get is missing'
  if (process.getuid?.() !== 0) return 'installing the packages and changing to another user takes root'
  return null
}

export function debianCodename(): string {
  const name = osRelease().get('VERSION_CODENAME')
  if (name === undefined) throw new Error('/etc/os-release has no VERSION_CODENAME: cannot tell which Debian this is')
  return name
}

function osRelease(): Map<string, string> {
  if (!existsSync('/etc/os-release')) return new Map()
  const pairs = readFileSync('/etc/os-release', 'utf8').matchAll(/^(\w+)=(.*)$/gm)
  return new Map([...pairs].map(([, key = '', value = '']) => [key, value.replace(/^(["'])(.*)\1$/, '$2')]))
}
