/** Label and field selectors, as far as kubectl and the drain send them. */
import type { ApiObject } from './api-object.ts'

/** Whether an object is selected by the `labelSelector` and `fieldSelector` of a query. */
export function selects(query: URLSearchParams, object: ApiObject): boolean {
  const byLabel = query.get('labelSelector') ?? ''
  const byField = query.get('fieldSelector') ?? ''
  const labels = object.metadata.labels ?? {}
  return (
    partsOf(byLabel).every((part) => matches(part, (name) => labels[name])) &&
    partsOf(byField).every((part) => matches(part, (path) => fieldOf(object, path)))
  )
}

/** Whether the labels are those that a `matchLabels` wants. No selector at all selects nothing. */
export function matchesLabels(selector: unknown, labels: Record<string, string> = {}): boolean {
  if (typeof selector !== 'object' || selector === null || !('matchLabels' in selector)) return false
  return Object.entries(selector.matchLabels ?? {}).every(([name, value]) => labels[name] === value)
}

/** The parts between commas; those within parentheses belong to a part. */
function partsOf(selector: string): string[] {
  return selector.split(/,(?![^(]*\))/).filter((part) => part !== '')
}

function matches(part: string, valueOf: (name: string) => string | undefined): boolean {
  const [, not, name = '', operator, value = ''] = requirement.exec(part.trim()) ?? []
  const found = valueOf(name)
  if (!operator) return (found === undefined) === Boolean(not)
  const wanted = operator.endsWith('in') ? value.replaceAll(/[()\s]/g, '').split(',') : [value.trim()]
  const isIn = found !== undefined && wanted.includes(found)
  return operator === '!=' || operator === 'notin' ? !isIn : isIn
}

const requirement = /^(!?)([^\s=!]+)\s*(?:(==?|!=|\bin\b|\bnotin\b)\s*(.*))?$/

function fieldOf(object: ApiObject, path: string): string | undefined {
  let value: unknown = object
  for (const step of path.split('.'))
    value = typeof value === 'object' && value !== null ? Reflect.get(value, step) : undefined
  return typeof value === 'string' ? value : undefined
}
