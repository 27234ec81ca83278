/** Parses os-release as data; it is never executed. */
import type { Answer } from './answer.ts'

/** What the system says it is. */
export interface OsRelease {
  /** `fedora`, `debian`, `opensuse-leap` …; `linux` when the file is missing, as its specification says. */
  readonly id: string
  /** What it is derived from, nearest first. */
  readonly like: readonly string[]
  /** Arch and Debian testing have none. */
  readonly version: string | undefined
  readonly variant: string | undefined
  readonly name: string
  /** Of an image or ostree system. */
  readonly imageVersion: string | undefined
}

/** Reads `os-release` as the probe prints it. */
export function osRelease(answer: Answer): OsRelease {
  const read = (key: string): string | undefined => {
    const text = answer.get(`os.${key}`)
    return text === undefined ? undefined : unquote(text) || undefined
  }
  const id = read('ID')?.toLowerCase() ?? 'linux'
  return {
    id,
    like: read('ID_LIKE')?.toLowerCase().split(/\s+/) ?? [],
    version: read('VERSION_ID'),
    variant: read('VARIANT_ID'),
    name: read('PRETTY_NAME') ?? read('NAME') ?? id,
    imageVersion: read('OSTREE_VERSION') ?? read('IMAGE_VERSION'),
  }
}

/** Undoes what a shell would: quotes around, backslashes within. */
function unquote(text: string): string {
  const [, quotation, inner] = /^(["'])(.*)\1$/.exec(text) ?? []
  if (quotation === "'") return inner ?? ''
  return (inner ?? text).replaceAll(/\\(.)/g, '$1')
}
