/**
 * A typed client, made from the class of the service alone: `client<SimpleService>('simple').add(1, 2)`.
 *
 * No code is generated, and the service's code is not loaded: only the compiler reads the class.
 */

import type { Params } from './rpc/json-rpc.ts'

/** The methods of a service as its callers see them: without `on_`, without the message, and each returns a promise. */
export type Client<Service> = {
  readonly [Name in keyof Service as Name extends `on_${infer Method}` ? Method : never]: Remote<
    Service[Name]
  >
}

type Remote<Method> = Method extends (...args: infer All) => infer Result
  ? (...args: WithoutFirst<All>) => Promise<Awaited<Result>>
  : never

type WithoutFirst<All extends unknown[]> = All extends []
  ? []
  : All extends [unknown, ...infer Rest]
    ? Rest
    : never

/** Returns a client whose methods each request `<prefix>.<method>`. */
export function createClient<Service>(
  prefix: string,
  request: (routingKey: string, params: Params) => Promise<unknown>,
): Client<Service> {
  // The compiler does not know which members a proxy has.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return new Proxy({} as Client<Service>, {
    get: (_target, method) => {
      // Without this, resolving a promise with the client would request the method `then`.
      if (typeof method !== 'string' || method === 'then') return undefined
      return (...params: unknown[]) => request(`${prefix}.${method}`, params)
    },
  })
}
