/** The findings of a plan besides those of the preflight of a host: one table of codes, severities and remedies. */
import type { Finding } from '@commissaire/hosts'

interface FindingRow {
  /** `blocks`: the operation would not begin, would fail, or would stop. `warns`: a person should know. */
  readonly severity: 'blocks' | 'warns'
  readonly meaning: string
  readonly remedy: string
}

/** The table. A test compares the manual with it. Findings on a host have the codes of `preflight` and of HostErrors. */
export const planFindingTable = {
  under_way: {
    severity: 'blocks',
    meaning: 'Another operation of this kind is in progress in the cluster; a second one is refused.',
    remedy: 'Wait until it has ended, or cancel it',
  },
  no_hosts: {
    severity: 'warns',
    meaning: 'There are no hosts to work on.',
    remedy: 'Add hosts to the cluster first',
  },
  stops: {
    severity: 'blocks',
    meaning: 'The operation would pause although no host fails.',
    remedy: 'Allow a larger budget or longer windows, or select other hosts',
  },
  fewer_at_a_time: {
    severity: 'warns',
    meaning: 'Hosts that are down use up a part of the budget.',
    remedy: 'Bring them back, or remove them from the cluster',
  },
  not_looked_at: {
    severity: 'warns',
    meaning: 'The time for planning ended before this host was checked.',
    remedy: 'Plan for fewer hosts, or allow the plan more time',
  },
  down: {
    severity: 'warns',
    meaning: 'The host is not active; it is skipped if it is still down at its turn.',
    remedy: 'Bring the host back, or remove it from the cluster',
  },
  host_locked: {
    severity: 'warns',
    meaning: 'Another operation has locked the host; this one waits for it.',
    remedy: 'Wait until that operation has ended, or cancel it',
  },
  machine_id_shared: {
    severity: 'warns',
    meaning: 'Several hosts have the same machine id: they are clones, or one host has several addresses.',
    remedy:
      'On clones, empty /etc/machine-id and reboot; otherwise remove the second address from the cluster',
  },
  window_too_short: {
    severity: 'blocks',
    meaning: 'The work on the host takes longer than any window is open.',
    remedy: 'Make the window longer, or run the operation on this host without windows',
  },
  window_may_be_too_short: {
    severity: 'warns',
    meaning: 'The work on the host would probably continue after the window closes.',
    remedy: 'Make the window longer',
  },
  nodes_unreadable: {
    severity: 'blocks',
    meaning: 'The container manager could not be asked about the node.',
    remedy: 'Check the container manager: its server, its credentials and what its account may do',
  },
  node_unknown: {
    severity: 'blocks',
    meaning: 'The container manager has no node for the host.',
    remedy: 'Let the host join as a node with that name, or remove the container manager from the cluster',
  },
  node_unwell: {
    severity: 'warns',
    meaning: 'The node is unhealthy now and would not pass the health gate.',
    remedy: 'Inspect the node: kubectl describe node',
  },
  node_cordoned: {
    severity: 'warns',
    meaning: 'Somebody else has cordoned the node; the operation works on it and leaves it cordoned.',
    remedy: 'Uncordon it yourself when it should accept pods again',
  },
  pod_daemon_set: {
    severity: 'blocks',
    meaning: 'A DaemonSet keeps pods on the node, and the policy does not ignore them.',
    remedy: 'Set drain.ignore_daemonsets',
  },
  pod_orphaned: {
    severity: 'blocks',
    meaning: 'The DaemonSet of a pod does not exist, or cannot be read.',
    remedy: 'Remove the pod, let the account read DaemonSets, or set drain.force',
  },
  pod_empty_dir: {
    severity: 'blocks',
    meaning: 'A pod has data in an emptyDir, which would be lost.',
    remedy: 'Save the data, then set drain.delete_emptydir_data',
  },
  pod_unmanaged: {
    severity: 'blocks',
    meaning: 'No controller would recreate the pod on another node.',
    remedy: 'Move or remove the pod yourself, or set drain.force to delete it',
  },
  budget_stuck: {
    severity: 'blocks',
    meaning: 'A disruption budget requires all existing pods to be healthy, so none can ever be evicted.',
    remedy: 'Run one more pod, or let the disruption budget allow one to be unavailable',
  },
  budget_blocked: {
    severity: 'blocks',
    meaning: 'A disruption budget allows no eviction now.',
    remedy: 'Bring its other pods up first; a drain waits for them at most drain.timeout',
  },
  budgets_several: {
    severity: 'blocks',
    meaning: 'A pod has several disruption budgets; the API server refuses to evict it.',
    remedy: 'Let only one disruption budget select the pod',
  },
  budget_holds_unhealthy: {
    severity: 'warns',
    meaning: 'Crash-looping pods could block the drain forever.',
    remedy: 'Set unhealthyPodEvictionPolicy: AlwaysAllow on the disruption budget',
  },
} as const satisfies Record<string, FindingRow>

/** The code of a finding in the table. */
export type PlanFindingCode = keyof typeof planFindingTable

/** Something that obstructs an operation, or may. */
export interface PlanFinding {
  readonly code: string
  readonly severity: 'blocks' | 'warns'
  /** What was found, in a sentence, with names and figures. */
  readonly message: string
  /** What to do about it. */
  readonly remedy: string
  /** The host; left out if the finding is about the operation. */
  readonly address?: string
}

/** A finding with the severity and the remedy of its code. */
export function planFinding(
  code: PlanFindingCode,
  message: string,
  { address, remedy }: { address?: string; remedy?: string } = {},
): PlanFinding {
  const row = planFindingTable[code]
  const { severity } = row
  return { code, severity, message, remedy: remedy ?? row.remedy, ...(address !== undefined && { address }) }
}

/** A finding of the preflight of a host. */
export function hostFinding({ code, severity, found, remedy }: Finding, address: string): PlanFinding {
  return { code, severity, message: found, remedy, address }
}

/** The first three names of a list, and how many more there are. */
export function firstFew(names: readonly string[]): string {
  const more = names.length - 3
  return `${names.slice(0, 3).join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}
