/** The discovery endpoints: API groups, versions and resources. */
import { groupVersion, type Resource, resources, versionsOf } from './api-object.ts'

const readVerbs = ['get', 'list', 'watch']

const eviction = {
  name: 'pods/eviction',
  singularName: '',
  namespaced: true,
  group: 'policy',
  version: 'v1',
  kind: 'Eviction',
  verbs: ['create'],
}

/** The answer to a path of discovery, if it is one. */
export function discover(path: string): object | undefined {
  if (path === '/version')
    return { major: '1', minor: '32', gitVersion: 'v1.32.0-double', platform: 'double' }
  if (path === '/api') return { kind: 'APIVersions', versions: ['v1'] }
  if (path === '/apis') return { kind: 'APIGroupList', apiVersion: 'v1', groups: groups.map(describe) }
  return resourceLists.get(path)
}

const groups = [...new Set(resources.map(({ group }) => group))].filter((group) => group !== '')

function describe(name: Resource['group']): object {
  const versions = versionsOf(name).map((version) => ({ groupVersion: groupVersion(name, version), version }))
  return { name, versions, preferredVersion: versions[0] }
}

const resourceLists = new Map<string, object>(
  ['' as const, ...groups].flatMap((group) =>
    versionsOf(group).map((version) => {
      const path = group === '' ? `/api/${version}` : `/apis/${group}/${version}`
      return [path, listOf(group, version)] as const
    }),
  ),
)

function listOf(group: Resource['group'], version: string): object {
  const members = resources.filter((resource) => resource.group === group)
  return {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: groupVersion(group, version),
    resources: [...members.map(entry), ...(group === '' ? [eviction] : [])],
  }
}

function entry({ name, kind, namespaced, shortNames }: Resource): object {
  const verbs = name === 'nodes' ? [...readVerbs, 'create', 'delete', 'patch'] : [...readVerbs, 'delete']
  return {
    name,
    kind,
    namespaced,
    singularName: kind.toLowerCase(),
    verbs,
    ...(shortNames && { shortNames }),
  }
}
