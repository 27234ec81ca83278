/** `npm run check:layout`: holds the tree of the project to its rules, and says of each fault what to do. */
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'

import { circles } from './circles.ts'
import { faultLine, type LayoutFault } from './fault.ts'
import { undescribedFolders } from './folder-table.ts'
import { fullFolders, homelessFiles } from './folders.ts'
import { hostWrites } from './host-writes.ts'
import { brokenLinks } from './links.ts'

/** All faults of the layout of a checkout. */
export function layoutFaults(root: string): LayoutFault[] {
  const files = trackedFiles(root)
  return [
    ...homelessFiles(files),
    ...fullFolders(files),
    ...undescribedFolders(root, files),
    ...hostWrites(root, files),
    ...circles(
      root,
      files.filter((file) => /\.(ts|js)$/.test(file)),
    ),
    ...brokenLinks(
      root,
      files.filter((file) => file.endsWith('.md')),
    ),
  ]
}

/** Every file that git tracks or would track. */
function trackedFiles(root: string): string[] {
  const arguments_ = ['ls-files', '--cached', '--others', '--exclude-standard']
  const listed = execFileSync('git', arguments_, { cwd: root, encoding: 'utf8' })
  return [...new Set(listed.split('\n'))].filter((file) => file !== '' && existsSync(join(root, file)))
}

if (import.meta.main) {
  const faults = layoutFaults(resolve(import.meta.dirname, '../..'))
  for (const fault of faults) console.error(faultLine(fault))
  process.exitCode = faults.length > 0 ? 1 : 0
}
