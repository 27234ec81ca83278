/** The three patch types of an API server, as far as nodes need them. */

type Json = Record<string, unknown>

/** What two lists of objects are merged by, in a strategic merge. */
const mergeKeys: Readonly<Record<string, string>> = { taints: 'key', conditions: 'type', addresses: 'type' }

/** The object with the patch applied; undefined when the content type is none of a patch. */
export function patched(object: object, patch: unknown, contentType: string): object | undefined {
  const copy = structuredClone(object)
  if (contentType.startsWith('application/merge-patch+json')) return merge(copy, patch, { lists: 'replace' })
  if (contentType.startsWith('application/strategic-merge-patch+json'))
    return merge(copy, patch, { lists: 'merge' })
  if (contentType.startsWith('application/json-patch+json') && Array.isArray(patch)) return steps(copy, patch)
  return undefined
}

function merge(target: object, patch: unknown, how: { lists: 'replace' | 'merge' }): object {
  const result: Json = { ...target }
  for (const [name, value] of Object.entries(isObject(patch) ? patch : {})) {
    const present = result[name]
    const key = mergeKeys[name]
    if (value === null) delete result[name]
    else if (isObject(value)) result[name] = merge(isObject(present) ? present : {}, value, how)
    else if (how.lists === 'merge' && key && Array.isArray(value) && Array.isArray(present))
      result[name] = mergeLists(present, value, key)
    else result[name] = value
  }
  return result
}

function mergeLists(present: unknown[], given: unknown[], key: string): unknown[] {
  const byKey = new Map<unknown, Json>()
  for (const item of [...present, ...given]) {
    if (!isObject(item)) continue
    if (item['$patch'] === 'delete') byKey.delete(item[key])
    else byKey.set(item[key], { ...byKey.get(item[key]), ...item })
  }
  return [...byKey.values()]
}

function steps(target: object, operations: unknown[]): object {
  for (const operation of operations) {
    if (!isObject(operation)) continue
    const path = String(operation['path']).split('/').slice(1).map(unescaped)
    const last = path.pop() ?? ''
    const holder = path.reduce<object>((at, step) => {
      const next: unknown = Reflect.get(at, step)
      return isObject(next) ? next : {}
    }, target)
    if (operation['op'] === 'remove') Reflect.deleteProperty(holder, last)
    else Reflect.set(holder, last, operation['value'])
  }
  return target
}

function unescaped(step: string): string {
  return step.replaceAll('~1', '/').replaceAll('~0', '~')
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
