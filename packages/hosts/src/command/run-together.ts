/**
 * Runs several commands in one round trip, and returns the result of each.
 *
 * Each line of the answer begins with the number of its command and what it is: `0.code=`, `0.out=` or `0.err=`.
 */
import { quote } from './quote.ts'
import type { CommandResult, Remote, RunOptions } from '../remote.ts'

const script = String.raw`LC_ALL=C; export LC_ALL; PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"; export PATH
ask() {
  { out=$(sh -c "$2"); code=$?
    printf '%s.code=%s\n' "$1" "$code"
    printf '%s\n' "$out" | sed "s/^/$1.out=/"
  } 2>&1 </dev/null | sed -e "/^$1\.code=/b" -e "/^$1\.out=/b" -e "s/^/$1.err=/"
}
`

/** How each of the commands ended, in their order. One that did not answer has ended with no status. */
export async function runTogether(
  remote: Remote,
  commands: readonly string[],
  options: RunOptions = {},
): Promise<readonly CommandResult[]> {
  const calls = commands.map((command, index) => `ask ${index} ${quote(command)}`)
  const answer = await remote.run(`${script}${calls.join('\n')}`, options)
  return commands.map((_, index) => resultOf(String(index), answer))
}

function resultOf(index: string, { stdout, truncated, ms }: CommandResult): CommandResult {
  const all = (kind: string): string[] => {
    const start = `${index}.${kind}=`
    return stdout.split('\n').flatMap((line) => (line.startsWith(start) ? line.slice(start.length) : []))
  }
  const [code] = all('code')
  return {
    code: code === undefined ? null : Number(code),
    signal: null,
    stdout: all('out').join('\n'),
    stderr: all('err').join('\n'),
    truncated,
    ms,
  }
}
