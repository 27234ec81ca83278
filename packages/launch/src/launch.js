/**
 * The first thing every program of Commissaire runs, in JavaScript that an old Node can still read:
 * it checks Node's version, then starts the program's sources in a checkout and its built files elsewhere.
 * Compiled code is kept in a cache, which halves the time until a program does something.
 */
import { existsSync } from 'node:fs'
import module from 'node:module'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const REQUIRED_NODE = 24
const SOURCE_CONDITION = '@commissaire/source'

export async function launch(base, entry) {
  requireNode()
  const source = new URL(`../src/${entry}.ts`, base)
  if (existsSync(source)) await runSource(source)
  else await runBuilt(new URL(`../dist/${entry}.js`, base))
}

function requireNode() {
  if (Number.parseInt(process.versions.node, 10) >= REQUIRED_NODE) return
  process.stderr.write(
    `This program needs Node ${REQUIRED_NODE} or later; this is Node ${process.versions.node} (${process.execPath}).\n` +
      'In a checkout, "npx" and "npm run" bring the right one: start it with npx.\n',
  )
  process.exit(2)
}

async function runSource(source) {
  module.enableCompileCache(fileURLToPath(new URL('../../../node_modules/.cache/compiled', import.meta.url)))
  if (!process.execArgv.some((argument) => argument.includes(SOURCE_CONDITION))) resolveToSources()
  await import(source.href)
}

async function runBuilt(built) {
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache')
  module.enableCompileCache(join(cache, 'commissaire', 'compiled'))
  await import(built.href)
}

/** Makes sister packages resolve to their sources, as `node --conditions` does. */
function resolveToSources() {
  module.registerHooks({
    resolve: (specifier, context, next) =>
      next(specifier, { ...context, conditions: [...(context.conditions ?? []), SOURCE_CONDITION] }),
  })
}
