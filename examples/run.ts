/**
 * Runs an example by its name: `npm run -s example -- simple-service --bus-uri redis://127.0.0.1:6379/`.
 *
 * It replaces the program's path in `process.argv` by the example's file, so that an example runs as if it were started
 * directly, and a ServiceManager in it starts the same example again.
 */
import { existsSync, globSync } from 'node:fs'
import { basename, join } from 'node:path'

const [, , name = '', ...args] = process.argv
const file = join(import.meta.dirname, `${basename(name)}.ts`)
if (existsSync(file) && file !== import.meta.filename) {
  process.argv = [process.execPath, file, ...args]
  await import(file)
} else {
  const names = globSync('*.ts', { cwd: import.meta.dirname }).filter((each) => each !== 'run.ts')
  console.error(
    `there is no example "${name}"; there are: ${names
      .map((each) => basename(each, '.ts'))
      .sort()
      .join(', ')}`,
  )
  process.exitCode = 2
}
