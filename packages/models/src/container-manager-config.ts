/**
 * The configuration of a container manager: its type, its server, and the credentials.
 *
 * Options that are not known here are kept, as a container manager of somebody's own may have others.
 */
import { z } from 'zod'
import { defineList, defineModel, type ModelOf } from './model/model.ts'
import { name } from './model/names.ts'

/** The kinds of container managers. */
export const containerManagerTypes = ['openshift', 'trivial', 'kubernetes'] as const

/** One of these kinds. */
export type ContainerManagerType = (typeof containerManagerTypes)[number]

const text = z.string().min(1, { error: 'must not be empty' }).optional()
const httpUrl = z.url({ protocol: /^https?$/, error: 'must be a URL that begins with http:// or https://' })

/** The command line sends texts, hence those. */
const flag = z
  .union([z.boolean(), z.stringbool({ truthy: ['true'], falsy: ['false'] })], {
    error: 'must be true or false',
  })
  .optional()

/** What the options of a container manager may be. All paths are those of the container manager service's machine. */
export const ContainerManagerOptions = z.looseObject({
  server_url: httpUrl.optional(),
  token: text,
  /** A file that holds the token, in place of `token`; it may be renewed at any time. */
  token_path: text,
  certificate_path: text,
  certificate_key_path: text,
  /** The authorities that the server's certificate is checked against, in place of the system's. */
  certificate_ca_path: text,
  /** A kubeconfig file, in place of `server_url` and the credentials. */
  kubeconfig: text,
  /** Which context of the kubeconfig; default its current one. */
  context: text,
  /** True where the service runs in a pod of the cluster itself, and uses its service account. */
  in_cluster: flag,
  /** Where the pod finds its service account; default where Kubernetes puts it. */
  service_account_path: text,
  /** False to accept any certificate. */
  verify_tls: flag,
})
export type ContainerManagerOptions = z.infer<typeof ContainerManagerOptions>

/** So that all faults are listed, and not these only after the others were mended. */
const evenWithOtherFaults = { when: ({ value }: { value: unknown }) => rough.safeParse(value).success }
const rough = z.looseObject({ type: z.enum(containerManagerTypes), options: z.looseObject({}) })

/** How a container manager is reached. */
export const ContainerManagerConfig = defineModel({
  name: 'ContainerManagerConfig',
  key: 'name',
  original: ['name', 'type', 'options'],
  guarded: ['options'],
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
  options: ContainerManagerOptions,
): Generator<[option: string, message: string]> {
  if (type === 'trivial') return
  const { server_url, kubeconfig, context, in_cluster, certificate_path, certificate_key_path } = options
  if (!server_url && !kubeconfig && !in_cluster) {
    yield ['server_url', `is missing; ${type} needs it, or "kubeconfig", or "in_cluster"`]
  }
  if (context && !kubeconfig) yield ['kubeconfig', 'is missing; "context" names one of its contexts']
  if (options.token && options.token_path) yield ['token_path', 'goes in place of "token", not beside it']
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
