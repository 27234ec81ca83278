/**
 * Finds source files that import each other in a circle. Imports of types count: a circle of types is a circle for
 * whoever reads the files, although the compiler removes it.
 */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'

import type { LayoutFault } from './fault.ts'

/** The circles among these files, one fault for each group of files that reach each other. */
export function circles(root: string, files: readonly string[]): LayoutFault[] {
  const graph = new Map(files.map((file) => [file, importsOf(root, file)]))
  return stronglyConnected(graph).map(circleFault)
}

function circleFault(members: readonly string[]): LayoutFault {
  const sorted = members.toSorted()
  return {
    path: sorted[0] ?? '',
    problem: `it and ${sorted.slice(1).join(', ')} import each other in a circle`,
    remedy: 'move what both sides need, often an interface, into a file of its own',
  }
}

const importing = /(?:\bfrom\s*|\bimport\(\s*|^\s*import\s+)'(\.[^']+)'/gm

/** The files that a file imports by a relative path. */
function importsOf(root: string, file: string): string[] {
  const text = readFileSync(join(root, file), 'utf8')
  const paths = [...text.matchAll(importing)].map(([, path = '']) => normalize(join(dirname(file), path)))
  return paths.filter((path) => existsSync(join(root, path)))
}

/** The groups of more than one node that reach each other (Tarjan 1972). */
function stronglyConnected(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const order = new Map<string, number>()
  const lowest = new Map<string, number>()
  const stack: string[] = []
  const groups: string[][] = []
  const visit = (node: string): number => {
    const index = order.size
    order.set(node, index)
    stack.push(node)
    let low = index
    for (const next of graph.get(node) ?? []) {
      if (!order.has(next)) low = Math.min(low, visit(next))
      else if (stack.includes(next)) low = Math.min(low, lowest.get(next) ?? order.get(next) ?? low)
    }
    lowest.set(node, low)
    if (low === index) groups.push(stack.splice(stack.indexOf(node)))
    return low
  }
  for (const node of graph.keys()) if (!order.has(node)) visit(node)
  return groups.filter((group) => group.length > 1)
}
