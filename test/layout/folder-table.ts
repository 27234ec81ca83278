/** Holds the tables of ARCHITECTURE.md to the tree: every folder one level below `src` has a row. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import type { LayoutFault } from './fault.ts'

const folderOfRoom = /^((?:packages|apps)\/[^/]+\/src\/[^/]+|lab\/src\/[^/]+)\/.+\.(?:ts|tsx)$/

/** The folders of rooms that ARCHITECTURE.md does not describe. That what it describes is there is a matter of links. */
export function undescribedFolders(root: string, files: readonly string[]): LayoutFault[] {
  const text = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8')
  const described = new Set([...text.matchAll(/^\| `([^`]+)` \| \S/gm)].map(([, path]) => path))
  const folders = new Set(files.flatMap((file) => folderOfRoom.exec(file)?.[1] ?? []))
  return [...folders]
    .filter((folder) => !described.has(folder))
    .map((path) => ({
      path,
      problem: 'ARCHITECTURE.md does not say what is in it',
      remedy: 'add a row with one sentence to the table of folders',
    }))
}
