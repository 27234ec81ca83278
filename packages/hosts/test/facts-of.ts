/** Facts and ends of commands, for tests that need no host. */
import { parseAnswer } from '../src/facts/answer.ts'
import { readFacts } from '../src/facts/read.ts'
import type { CommandResult, Facts } from '../src/index.ts'
import { factsAnswer, type SystemName } from '../src/testing.ts'

/** The facts of a system that exists only in a test. */
export function factsOf(system: SystemName, lines: readonly string[] = []): Facts {
  const stdout = factsAnswer({
    system,
    name: 'one',
    user: 'root',
    bootId: '7bc2875d-495c-4b93-8da9-ed5c682fa254',
    uptime: 100,
    systemdState: 'running',
    failedUnits: [],
    softReboots: 0,
    privilege: 'root',
    lines,
  })
  const answer = parseAnswer(result(0, stdout), '10.0.0.5')
  return readFacts(answer, { address: '10.0.0.5', hostKey: '', ms: 1 })
}

/** The end of a command. */
export function result(code: number, stdout = '', stderr = ''): CommandResult {
  return { code, signal: null, stdout, stderr, truncated: false, ms: 1 }
}
