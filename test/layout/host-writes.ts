/**
 * Finds writes of hosts that go past the host lifecycle. A status is changed along legal moves only because nothing else
 * saves a host.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import type { LayoutFault } from './fault.ts'

const lifecycle = 'packages/storage/src/host-lifecycle/'
const source = /^(?:packages|apps)\/[^/]+\/src\/.+\.tsx?$/
/** A call that saves a host; and a second name for the model, under which such a call would not be found. */
const write = /\.(?:save|saveAll|update)\(\s*Host\s*,|\bHost as (?!const\b)\w+/

/** The source files that save hosts and are no part of the host lifecycle. */
export function hostWrites(root: string, files: readonly string[]): LayoutFault[] {
  return files
    .filter((file) => source.test(file) && !file.startsWith(lifecycle))
    .filter((file) => write.test(readFileSync(join(root, file), 'utf8')))
    .map((path) => ({
      path,
      problem: 'it saves a host by itself',
      remedy: 'use a function of @commissaire/storage/host-lifecycle',
    }))
}
