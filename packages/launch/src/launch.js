/**
 * The first thing every program of Commissaire runs, in JavaScript that an old Node can still read:
 * it checks Node's version, then starts the program's sources in a checkout and its built files elsewhere.
 */
import { existsSync } from 'node:fs'
import module from 'node:module'

const REQUIRED_NODE = 24
const SOURCE_CONDITION = '@commissaire/source'

export async function launch(base, entry) {
  requireNode()
  const source = new URL(`../src/${entry}.ts`, base)
  if (!existsSync(source)) {
    await import(new URL(`../dist/${entry}.js`, base).href)
    return
  }
  if (!process.execArgv.some((argument) => argument.includes(SOURCE_CONDITION))) resolveToSources()
  await import(source.href)
}

function requireNode() {
  if (Number.parseInt(process.versions.node, 10) >= REQUIRED_NODE) return
  process.stderr.write(
    `This program needs Node ${REQUIRED_NODE} or later; this is Node ${process.versions.node} (${process.execPath}).\n` +
      'In a checkout, "npx" and "npm run" bring the right one: start it with npx.\n',
  )
  process.exit(2)
}

/** Makes sister packages resolve to their sources, as `node --conditions` does. */
function resolveToSources() {
  module.registerHooks({
    resolve: (specifier, context, next) =>
      next(specifier, { ...context, conditions: [...(context.conditions ?? []), SOURCE_CONDITION] }),
  })
}
