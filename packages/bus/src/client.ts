/**
 * A typed caller, from the class of the service alone: `client<SimpleService>('simple').add(1, 2)`.
 *
 * Nothing is generated and nothing of the service is loaded; the class is only looked at by the compiler.
 */

import type { Params } from './rpc/json-rpc.ts'

/** The methods of a service as its callers see them: without `on_`, without the message, always a promise. */
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

/** Makes a caller whose every method asks for `<prefix>.<method>`. */
export function createClient<Service>(
  prefix: string,
  request: (routingKey: string, params: Params) => Promise<unknown>,
): Client<Service> {
  // The compiler cannot know what a proxy answers to.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return new Proxy({} as Client<Service>, {
    get: (_target, method) => {
      // A promise resolved with the client would otherwise ask the service for its method `then`.
      if (typeof method !== 'string' || method === 'then') return undefined
      return (...params: unknown[]) => request(`${prefix}.${method}`, params)
    },
  })
}
