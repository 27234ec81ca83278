/**
 * A double of Keystone, true to the protocol of its Identity API v3: `POST` and `GET /v3/auth/tokens`, with its headers,
 * statuses and bodies, and as strict about requests as the original.
 */
import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import { type Asked, PeerDouble, type Said } from './identity-provider-double.ts'

const Password = z.strictObject({
  auth: z.strictObject({
    identity: z.strictObject({
      methods: z.tuple([z.literal('password')]),
      password: z.strictObject({
        user: z.strictObject({
          name: z.string(),
          domain: z.strictObject({ name: z.string() }),
          password: z.string(),
        }),
      }),
    }),
  }),
})

interface Account {
  readonly name: string
  readonly domain: string
  readonly password: string
}

/** Keystone with some accounts. */
export class KeystoneDouble extends PeerDouble {
  readonly tokens = new Map<string, Account>()
  /** How long its tokens live, in milliseconds. */
  lifetime = 3_600_000
  readonly #accounts: readonly Account[]

  constructor(accounts: readonly Account[]) {
    super()
    this.#accounts = accounts
  }

  /** Gives out a token, as if somebody had logged in elsewhere. */
  issue(name: string): string {
    const account = this.#accounts.find((each) => each.name === name)
    if (!account) throw new Error(`there is no account ${name}`)
    const token = `gAAAAAB${randomUUID().replaceAll('-', '')}`
    this.tokens.set(token, account)
    return token
  }

  protected answer(asked: Asked): Said {
    if (asked.path !== '/v3/auth/tokens') return { status: 404, body: 'Not Found' }
    return asked.method === 'POST' ? this.#logIn(asked) : this.#validate(asked)
  }

  #logIn({ body, headers }: Asked): Said {
    const given = Password.safeParse(JSON.parse(body))
    if (headers['content-type'] !== 'application/json' || !given.success) return refusal(400, 'Bad Request')
    const { name, domain, password } = given.data.auth.identity.password.user
    const fits = (one: Account) =>
      one.name === name && one.domain === domain.name && one.password === password
    const account = this.#accounts.find(fits)
    return account ? this.#tell(201, this.issue(name)) : unauthorized
  }

  #validate({ headers }: Asked): Said {
    const [own, subject] = [headers['x-auth-token'], headers['x-subject-token']]
    if (typeof own !== 'string' || !this.tokens.has(own)) return unauthorized
    if (typeof subject !== 'string' || !this.tokens.has(subject)) return refusal(404, 'Not Found')
    return this.#tell(200, subject)
  }

  #tell(status: number, token: string): Said {
    const account = this.tokens.get(token)
    const user = {
      domain: { id: 'default', name: account?.domain },
      id: `id-of-${account?.name}`,
      name: account?.name,
      password_expires_at: null,
    }
    const [issued_at, expires_at] = [0, this.lifetime].map((after) =>
      new Date(Date.now() + after).toISOString(),
    )
    const body = { token: { methods: ['password'], user, audit_ids: ['x'], issued_at, expires_at } }
    return { status, headers: { 'x-subject-token': token, vary: 'X-Auth-Token' }, body }
  }
}

function refusal(code: number, title: string): Said {
  return { status: code, body: { error: { code, title, message: 'It is not to be.' } } }
}

const unauthorized: Said = {
  ...refusal(401, 'Unauthorized'),
  headers: { 'www-authenticate': 'Keystone uri="http://127.0.0.1/v3"' },
}
