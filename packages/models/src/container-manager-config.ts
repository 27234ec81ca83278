/**
 * How a container manager is reached: its kind, its server, and what we show to be let in.
 *
 * Options that are not known here are kept, as a container manager of somebody's own may have others.
 */
import { z } from 'zod'
import { defineList, defineModel, type ModelOf } from './model.ts'
import { name } from './names.ts'

export const containerManagerTypes = ['openshift', 'trivial', 'kubernetes'] as const

export type ContainerManagerType = (typeof containerManagerTypes)[number]

const text = z.string().min(1, { error: 'must not be empty' }).optional()
const httpUrl = z.url({ protocol: /^https?$/, error: 'must be a URL that begins with http:// or https://' })

/** What the options of a container manager may be. All paths are those of the container manager service's machine. */
export const ContainerManagerOptions = z.looseObject({
  server_url: httpUrl.optional(),
  token: text,
  certificate_path: text,
  certificate_key_path: text,
  /** The authorities that the server's certificate is checked against, in place of the system's. */
  certificate_ca_path: text,
  /** A kubeconfig file, in place of `server_url` and the credentials. */
  kubeconfig: text,
  /** False to accept any certificate. The command line sends texts, hence those. */
  verify_tls: z
    .union([z.boolean(), z.stringbool({ truthy: ['true'], falsy: ['false'] })], {
      error: 'must be true or false',
    })
    .optional(),
})
export type ContainerManagerOptions = z.infer<typeof ContainerManagerOptions>

/** So that all faults are listed, and not these only after the others were mended. */
const evenWithOtherFaults = { when: ({ value }: { value: unknown }) => rough.safeParse(value).success }
const rough = z.looseObject({ type: z.enum(containerManagerTypes), options: z.looseObject({}) })

/** How a container manager is reached. */
export const ContainerManagerConfig = defineModel({
  name: 'ContainerManagerConfig',
  key: 'name',
  schema: z
    .object({
      name,
      type: z.enum(containerManagerTypes).default('openshift'),
      options: ContainerManagerOptions.default({}),
    })
    .superRefine(({ type, options }, context) => {
      for (const [option, message] of faultsOf(type, options)) {
        context.addIssue({ code: 'custom', path: ['options', option], message })
      }
    }, evenWithOtherFaults),
})
export type ContainerManagerConfig = ModelOf<typeof ContainerManagerConfig>

/** All container managers. */
export const ContainerManagerConfigs = defineList('ContainerManagerConfigs', ContainerManagerConfig)

/** Whether the server's certificate is to be checked: yes, unless somebody said no. */
export function verifiesTls(options: ContainerManagerOptions): boolean {
  return options.verify_tls ?? true
}

function* faultsOf(
  type: ContainerManagerType,
  { server_url, kubeconfig, certificate_path, certificate_key_path }: ContainerManagerOptions,
): Generator<[option: string, message: string]> {
  if (type === 'trivial') return
  if (!server_url && !kubeconfig) yield ['server_url', `is missing; ${type} needs it, or "kubeconfig"`]
  if (certificate_path && !certificate_key_path) {
    yield ['certificate_key_path', 'is missing; it goes with "certificate_path"']
  }
  if (certificate_key_path && !certificate_path) {
    yield ['certificate_path', 'is missing; it goes with "certificate_key_path"']
  }
  if (certificate_path && typeof server_url === 'string' && !server_url.startsWith('https:')) {
    yield ['server_url', 'must begin with https:// when there is a client certificate']
  }
}
