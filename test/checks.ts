/** `npm run check`: types, lint, format and layout, side by side; prints what fails. */
import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'

const CHECKS = ['typecheck', 'lint', 'format:check', 'check:layout']

/** Runs a script of package.json. Resolves with whether it passed, after it has printed what it found. */
async function run(name: string): Promise<boolean> {
  const started = performance.now()
  const child = spawn('npm', ['run', '-s', name], { stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = new Promise<number | null>((resolve, reject) =>
    child.on('close', resolve).on('error', reject),
  )
  const [code, output, errors] = await Promise.all([ended, text(child.stdout), text(child.stderr)])
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  if (code !== 0) console.error(`${output}${errors}`)
  console.log(`${name}: ${code === 0 ? 'passed' : 'failed'} in ${seconds} s`)
  return code === 0
}

const results = await Promise.all(CHECKS.map(run))
process.exitCode = results.every(Boolean) ? 0 : 1
