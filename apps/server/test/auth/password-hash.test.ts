/** Hashes of passwords: which are understood, and which password they were made of. */
import { scryptSync } from 'node:crypto'
import { hash as bcrypt } from 'bcryptjs'
import { afterAll, expect, test } from 'vitest'
import { isPasswordHash, PasswordChecker } from '../../src/auth/password-hash.ts'

const passwords = new PasswordChecker()

afterAll(() => passwords.close())

function base64(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '')
}

function scrypt(password: string): string {
  const salt = Buffer.from('some salt')
  const key = scryptSync(password, salt, 32, { N: 2 ** 15, r: 8, p: 1, maxmem: 2 ** 26 })
  return `$scrypt$ln=15,r=8,p=1$${base64(salt)}$${base64(key)}`
}

test.each(['2a', '2b'])('a bcrypt hash of the kind $%s$ is checked', async (kind) => {
  const hash = (await bcrypt('right', 4)).replace(/^\$2.\$/, `$${kind}$`)
  expect(isPasswordHash(hash)).toBe(true)
  expect(await passwords.check('right', hash)).toBe(true)
  expect(await passwords.check('wrong', hash)).toBe(false)
  expect(await passwords.check('', hash)).toBe(false)
})

test('a hash that Python made is checked', async () => {
  const hash = '$2a$12$GlBCEIwz85QZUCkWYj11he6HaRHufzIvwQjlKeu7Rwmqi/mWOpRXK'
  expect(isPasswordHash(hash)).toBe(true)
  expect(await passwords.check('certainly not this', hash)).toBe(false)
})

test('a scrypt hash is checked', async () => {
  const hash = scrypt('right')
  expect(isPasswordHash(hash)).toBe(true)
  expect(await passwords.check('right', hash)).toBe(true)
  expect(await passwords.check('wrong', hash)).toBe(false)
})

test.each(['', 'secret', '$1$salt$hash', '$2b$12$short', '$scrypt$ln=15$x$y'])('"%s" is no hash', (text) => {
  expect(isPasswordHash(text)).toBe(false)
})

test('a strong hash does not hold up the event loop', async () => {
  const hash = await bcrypt('right', 4)
  const strong = hash.replace('$04$', '$11$')
  await passwords.check('warm', hash)
  let turns = 0
  const checked = passwords.check('right', strong).finally(() => clearInterval(ticking))
  const ticking = setInterval(() => turns++, 1)
  await checked
  // A check on the event loop would let no timer run before its end.
  expect(turns).toBeGreaterThan(5)
})

test('many passwords at once are each answered with their own answer', async () => {
  const hash = await bcrypt('right', 4)
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, index) => passwords.check(index % 2 === 0 ? 'right' : 'wrong', hash)),
  )
  expect(answers).toEqual(Array.from({ length: 20 }, (_, index) => index % 2 === 0))
})

test('a checker can be closed twice, and checks again afterwards if need be', async () => {
  const own = new PasswordChecker()
  const hash = await bcrypt('right', 4)
  expect(await own.check('right', hash)).toBe(true)
  await own.close()
  await own.close()
  expect(await own.check('right', hash)).toBe(true)
  await own.close()
})
