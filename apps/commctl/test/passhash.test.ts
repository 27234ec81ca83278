/** `commctl passhash`, by every way of giving it a password. */
import assert from 'node:assert/strict'
import { compare } from 'bcryptjs'
import { afterAll, test } from 'vitest'
import { commandLine, Home, onTerminal } from './world.ts'

const home = new Home()
afterAll(() => home[Symbol.dispose]())

async function accepts(password: string, hash: string): Promise<void> {
  assert.ok(await compare(password, hash.trim()), `${hash} is not the hash of ${password}`)
}

test('a password that is given gets a bcrypt hash of twelve rounds', async () => {
  const { status, stdout } = await home.commctl(['passhash', '-p', 'secret'])
  assert.equal(status, 0)
  assert.match(stdout, /^\$2b\$12\$[./A-Za-z0-9]{53}\n$/)
  await accepts('secret', stdout)
})

test('a file gives its line, without the newline at its end', async () => {
  const file = home.write('password', 'sesame open\n')
  const { stdout } = await home.commctl(['passhash', '-r', '4', '-f', file])
  assert.match(stdout, /^\$2b\$04\$/)
  await accepts('sesame open', stdout)
})

test('standard input gives a password', async () => {
  const { stdout } = await home.commctl(['passhash', '-r', '4', '-f', '-'], { input: 'from a pipe\n' })
  await accepts('from a pipe', stdout)
})

test('on a terminal it is asked for and not shown', async () => {
  const run = await onTerminal(`${commandLine} passhash -r 4`, {
    env: home.env,
    typed: [['Password: ', 'hunter2\r']],
  })
  assert.equal(run.status, 0)
  assert.doesNotMatch(run.stdout, /hunter2/)
  await accepts('hunter2', run.stdout.split(/\s+/).find((word) => word.startsWith('$2b$')) ?? '')
})

test('without a terminal it says how to give one', async () => {
  const { status, stderr } = await home.commctl(['passhash'])
  assert.equal(status, 2)
  assert.match(stderr, /-f FILE/)
})

test.each(['3', '32', 'many', '12.5'])('%s rounds are refused', async (rounds) => {
  const { status, stderr } = await home.commctl(['passhash', '-p', 'x', '-r', rounds])
  assert.equal(status, 2)
  assert.match(stderr, /a whole number from 4 to 31/)
})

test('a password longer than bcrypt looks at is warned of', async () => {
  const { status, stderr } = await home.commctl(['passhash', '-r', '4', '-p', 'x'.repeat(73)])
  assert.equal(status, 0)
  assert.match(stderr, /Only the first 72 bytes/)
})
