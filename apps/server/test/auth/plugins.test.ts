/** Authentication plugins by their names. */
import { expect, test } from 'vitest'
import { openAuthenticators } from '../../src/auth/plugins.ts'
import { operator, recordingLog } from '../world.ts'

const { log } = recordingLog()
const users = { a: { hash: operator.hash } }

test.each(['httpbasicauth', 'commissaire_http.authentication.httpbasicauth'])('%s is known', async (name) => {
  const [opened] = await openAuthenticators([{ name, users }], { log })
  expect(opened?.name).toBe('httpbasicauth')
})

test.each(['keystone', '', 'toString', '__proto__'])(
  '"%s" is not, and the error lists those that are',
  async (name) => {
    await expect(openAuthenticators([{ name }], { log })).rejects.toThrow(
      `names "${name}", which is no authentication plugin; known: httpbasicauth`,
    )
  },
)
