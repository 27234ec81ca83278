/** A double of OpenShift's API server, as far as it says whose a token is: at the newer path, or at the older alone. */
import { type Asked, PeerDouble, type Said } from './identity-provider-double.ts'

/** OpenShift with some tokens. */
export class OpenshiftDouble extends PeerDouble {
  readonly #users: Readonly<Record<string, string>>
  readonly #path: string

  constructor(users: Readonly<Record<string, string>>, { older = false }: { older?: boolean } = {}) {
    super()
    this.#users = users
    this.#path = older ? '/oapi/v1/users/~' : '/apis/user.openshift.io/v1/users/~'
  }

  protected answer({ method, path, headers }: Asked): Said {
    const token = /^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1] ?? ''
    const name = this.#users[token]
    if (name === undefined) return failure(401, 'Unauthorized')
    if (method !== 'GET' || path !== this.#path) return failure(404, 'NotFound')
    const metadata = { name, selfLink: `${path}${name}`, uid: 'x', resourceVersion: '1' }
    return { status: 200, body: { kind: 'User', apiVersion: 'v1', metadata, identities: [], groups: null } }
  }
}

function failure(code: number, reason: string): Said {
  return { status: code, body: { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason, code } }
}
