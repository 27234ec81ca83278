import assert from 'node:assert/strict'
import { test } from 'vitest'
import { fitsPattern } from '../src/configuration/patterns.ts'

test('shell patterns fit as a shell or Python’s fnmatch has them', () => {
  const cases: [pattern: string, fits: string[], fitsNot: string[]][] = [
    ['*', ['Host', ''], []],
    ['Host', ['Host'], ['Hosts', 'host', 'HostCreds']],
    ['Cluster*', ['Cluster', 'ClusterDeploy'], ['cluster', 'AClusterB']],
    ['Cluster?*', ['ClusterDeploy'], ['Cluster']],
    ['[HN]*', ['Host', 'Network'], ['Cluster']],
    ['[!HN]*', ['Cluster'], ['Host', 'Network']],
    ['[A-C]luster', ['Cluster'], ['Dluster']],
    ['H.st', ['H.st'], ['Host']],
    ['Host|Network', ['Host|Network'], ['Host']],
    ['[', ['['], ['x']],
    ['[z-a]', [], ['b']],
    ['(a+)+$', ['(a+)+$'], ['aaa']],
  ]
  for (const [pattern, fits, fitsNot] of cases) {
    for (const name of fits) assert.ok(fitsPattern(name, pattern), `${pattern} fits ${name}`)
    for (const name of fitsNot) assert.ok(!fitsPattern(name, pattern), `${pattern} does not fit ${name}`)
  }
})
