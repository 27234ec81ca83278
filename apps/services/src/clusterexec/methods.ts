/** The methods of the clusterexec service as `jobs.clusterexec.*`: their arguments and what they do. */
import { ControlRequest, RolloutPolicy } from '@commissaire/models'
import type { MethodDeclarations } from '@commissaire/service'
import { z } from 'zod'

import { orDefault } from '../shared/optional-argument.ts'
import { OperationRequest } from './requests/operation-request.ts'

const clusterName = { cluster_name: z.string() }
const policy = { policy: orDefault(RolloutPolicy, RolloutPolicy.parse({})) }
const { what, max_unavailable, hosts, reason, by } = ControlRequest.shape

/** The declarations. The order of the arguments is that of the positional calls of peers. */
export const clusterexecMethods = {
  upgrade: {
    input: z.object({ ...clusterName, ...policy }),
    doc: 'Upgrades every host of a cluster.',
  },
  restart: {
    input: z.object({ ...clusterName, ...policy }),
    doc: 'Restarts every host of a cluster.',
  },
  deploy: {
    input: z.object({ ...clusterName, version: z.string(), ...policy }),
    doc: 'Deploys one version to every host of a cluster.',
  },
  start: {
    input: OperationRequest,
    doc: 'Starts an operation of any kind.',
  },
  plan: {
    input: OperationRequest.omit({ by: true }),
    doc: 'Returns how an operation would proceed and what would obstruct it; changes nothing.',
  },
  ask: {
    input: z.object({
      operation: z.string(),
      what,
      hosts: orDefault(hosts, []),
      max_unavailable: max_unavailable.nullish(),
      reason: orDefault(reason, ''),
      by: orDefault(by, ''),
    }),
    doc: 'Pauses, resumes, cancels, retries, skips, releases or throttles an operation.',
  },
} satisfies MethodDeclarations
