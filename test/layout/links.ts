/**
 * Finds links in Markdown files that lead nowhere: to a file that is not there, or to a heading that a page does not
 * have. Paths of source files in code spans count as links, since readers follow them, too.
 */
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'

import type { LayoutFault } from './fault.ts'

/** The links of these Markdown files that lead nowhere. */
export function brokenLinks(root: string, pages: readonly string[]): LayoutFault[] {
  return pages.flatMap((page) => {
    const text = readFileSync(join(root, page), 'utf8')
    return [...brokenTargets(root, page, text), ...missingPaths(root, page, text)]
  })
}

const link = /\]\((?!https?:|mailto:)([^)\s]+)\)/g

function brokenTargets(root: string, page: string, text: string): LayoutFault[] {
  return [...withoutCode(text).matchAll(link)].flatMap(([, target = '']) => {
    const [path = '', anchor] = target.split('#')
    const file = path === '' ? page : normalize(join(dirname(page), path))
    if (!existsSync(join(root, file))) return [fault(page, `the link to ${target} leads to no file`)]
    if (anchor === undefined || !file.endsWith('.md')) return []
    return anchorsOf(join(root, file)).has(anchor) ? [] : [fault(page, `${file} has no heading #${anchor}`)]
  })
}

const sourcePath = /`((?:packages|apps|lab|test|docs|conf|examples|benchmarks)\/[\w@.{},*/-]+)`/g

function missingPaths(root: string, page: string, text: string): LayoutFault[] {
  if (page === 'CHANGELOG.md') return []
  return [...text.matchAll(sourcePath)]
    .map(([, path = '']) => path)
    .filter((path) => globSync(path, { cwd: root }).length === 0)
    .map((path) => fault(page, `it names \`${path}\`, which is not there`))
}

function fault(path: string, problem: string): LayoutFault {
  return { path, problem, remedy: 'mend the link or remove it' }
}

function withoutCode(text: string): string {
  return text.replaceAll(/^```[\s\S]*?^```/gm, '').replaceAll(/`[^`\n]*`/g, '')
}

/** The anchors that a page's headings get: lower case, without punctuation, words joined by hyphens. */
function anchorsOf(file: string): Set<string> {
  const text = readFileSync(file, 'utf8').replaceAll(/^```[\s\S]*?^```/gm, '')
  const headings = [...text.matchAll(/^#{1,6}\s+(.+)$/gm)].map(([, heading = '']) => heading)
  const seen = new Map<string, number>()
  const anchors = headings.map((heading) => {
    const anchor = anchorOf(heading)
    const count = seen.get(anchor) ?? 0
    seen.set(anchor, count + 1)
    return count === 0 ? anchor : `${anchor}-${count}`
  })
  const named = [...text.matchAll(/<a (?:id|name)="([^"]+)"/g)].map(([, name = '']) => name)
  return new Set([...anchors, ...named])
}

function anchorOf(heading: string): string {
  const plain = heading
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .trim()
    .toLowerCase()
  return plain.replaceAll(/[^\p{L}\p{N}\s_-]/gu, '').replaceAll(/\s/g, '-')
}
