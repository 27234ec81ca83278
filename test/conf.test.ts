/** The example configurations in `conf/` are what the programs take, with the names under which they are installed. */
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { test } from 'vitest'
import { program as commissaire } from '../apps/commissaire/src/program.ts'
import { program as server } from '../apps/server/src/program.ts'
import { program as clusterexec } from '../apps/services/src/clusterexec/program.ts'
import { program as containermgr } from '../apps/services/src/containermgr/program.ts'
import { program as investigator } from '../apps/services/src/investigator/program.ts'
import { program as storage } from '../apps/services/src/storage/program.ts'
import { program as watcher } from '../apps/services/src/watcher/program.ts'

const conf = resolve(import.meta.dirname, '../conf')

/** Each file, and the programs that read it; a second one of a program is called after it. */
const readers = {
  'clusterexec.conf': [clusterexec],
  'commissaire.conf': [server, commissaire],
  'containermgr.conf': [containermgr],
  'investigator.conf': [investigator],
  'storage-etcd.conf': [storage],
  'storage.conf': [storage],
  'watcher.conf': [watcher],
}

for (const [name, programs] of Object.entries(readers)) {
  for (const program of programs) {
    test(`${program.name} understands all of ${name}, and looks for it in /etc/commissaire`, () => {
      const path = join(conf, name)
      const settings: Record<string, unknown> = { ...program.settings(['-c', path], {}) }
      const written: object = JSON.parse(readFileSync(path, 'utf8'))
      for (const [key, value] of Object.entries(written))
        assert.deepEqual(settings[key.replaceAll('-', '_')], value, key)
      assert.equal(program.manual.configFile, `/etc/commissaire/${name.replace(/-\w+/, '')}`)
    })
  }
}

test('every example is read by a program', () => {
  const files = globSync('*.conf', { cwd: conf }).map((file) => basename(file))
  assert.deepEqual(files.sort(), Object.keys(readers))
})
