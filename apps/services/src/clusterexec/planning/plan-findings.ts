/** What a plan can find in the way besides what a host says of itself: one table of codes, severities and remedies. */
import type { Finding } from '@commissaire/hosts'

interface FindingRow {
  /** `blocks`: the operation would not begin, would fail, or would stop. `warns`: a person should know. */
  readonly severity: 'blocks' | 'warns'
  readonly meaning: string
  readonly remedy: string
}

/** The table. A test compares the manual with it. What hosts say of themselves has the codes of `preflight` and of HostErrors. */
export const planFindingTable = {
  under_way: {
    severity: 'blocks',
    meaning: 'Another operation of that kind is under way in the cluster; a second one is refused.',
    remedy: 'Wait until it has ended, or cancel it',
  },
  no_hosts: {
    severity: 'warns',
    meaning: 'There are no hosts to work on.',
    remedy: 'Add hosts to the cluster first',
  },
  stops: {
    severity: 'blocks',
    meaning: 'It would pause before its end although nothing fails.',
    remedy: 'Allow more hosts away, longer windows, or other hosts',
  },
  fewer_at_a_time: {
    severity: 'warns',
    meaning: 'Hosts that are down use up some of what may be away at once.',
    remedy: 'Bring them back, or take them out of the cluster',
  },
  not_looked_at: {
    severity: 'warns',
    meaning: 'The time for planning was over before this host was looked at.',
    remedy: 'Plan for fewer hosts at a time, or allow the plan more time',
  },
  down: {
    severity: 'warns',
    meaning: 'The host is not active; it is left out when its turn comes and is not done.',
    remedy: 'Bring the host back, or take it out of the cluster',
  },
  host_locked: {
    severity: 'warns',
    meaning: 'Another operation has the host now; it is waited for.',
    remedy: 'Wait until that operation has ended, or cancel it',
  },
  machine_id_shared: {
    severity: 'warns',
    meaning: 'Several hosts have the same machine id: clones, or one host under several addresses.',
    remedy: 'On clones, empty /etc/machine-id and reboot; take a second address out of the cluster',
  },
  window_too_short: {
    severity: 'blocks',
    meaning: 'The work on the host takes longer than a window is open.',
    remedy: 'Make the window longer, or name the host without windows',
  },
  window_may_be_too_short: {
    severity: 'warns',
    meaning: 'The work on the host would probably go on after the window closes.',
    remedy: 'Make the window longer',
  },
  nodes_unreadable: {
    severity: 'blocks',
    meaning: 'The container manager could not be asked about the node.',
    remedy: 'Check the container manager: its server, its credentials and what its account may do',
  },
  node_unknown: {
    severity: 'blocks',
    meaning: 'The container manager knows no node for the host.',
    remedy: 'Let the host join as a node of that name, or give the cluster no container manager',
  },
  node_unwell: {
    severity: 'warns',
    meaning: 'The node would not pass the gate after the operation as it is now.',
    remedy: 'Look at the node: kubectl describe node',
  },
  node_cordoned: {
    severity: 'warns',
    meaning: 'Somebody else has cordoned the node; it is worked on, and stays cordoned.',
    remedy: 'Uncordon it yourself when it is to take pods again',
  },
  pod_daemon_set: {
    severity: 'blocks',
    meaning: 'A DaemonSet keeps pods on the node, and they are not to be ignored.',
    remedy: 'Set drain.ignore_daemonsets',
  },
  pod_orphaned: {
    severity: 'blocks',
    meaning: 'The DaemonSet of a pod is gone, or cannot be read.',
    remedy: 'Remove the pod, let the account read DaemonSets, or set drain.force',
  },
  pod_empty_dir: {
    severity: 'blocks',
    meaning: 'A pod keeps data in an emptyDir, which would be lost.',
    remedy: 'Save what is in it, then set drain.delete_emptydir_data',
  },
  pod_unmanaged: {
    severity: 'blocks',
    meaning: 'No controller would bring the pod back elsewhere.',
    remedy: 'Move or remove the pod yourself, or set drain.force to lose it',
  },
  budget_stuck: {
    severity: 'blocks',
    meaning: 'A disruption budget wants as many healthy pods as there are, so that none may ever go.',
    remedy: 'Run one pod more, or let the budget spare one',
  },
  budget_blocked: {
    severity: 'blocks',
    meaning: 'A disruption budget lets no pod go now.',
    remedy: 'Bring its other pods up first; a drain waits for that no longer than drain.timeout',
  },
  budgets_several: {
    severity: 'blocks',
    meaning: 'A pod has several disruption budgets; the server refuses to evict it.',
    remedy: 'Let one budget alone select the pod',
  },
  budget_holds_unhealthy: {
    severity: 'warns',
    meaning: 'Crash-looping pods could block the drain for ever.',
    remedy: 'Set unhealthyPodEvictionPolicy: AlwaysAllow on the budget',
  },
} as const satisfies Record<string, FindingRow>

/** The code of a finding. */
export type PlanFindingCode = keyof typeof planFindingTable

/** One thing that is in the way, or may be. */
export interface PlanFinding {
  readonly code: string
  readonly severity: 'blocks' | 'warns'
  /** What was found, in a sentence, with names and figures. */
  readonly message: string
  /** What to do about it. */
  readonly remedy: string
  /** The host it is about; none where it is about the operation. */
  readonly address?: string
}

/** A finding with what the table says of its code. */
export function planFinding(
  code: PlanFindingCode,
  message: string,
  { address, remedy }: { address?: string; remedy?: string } = {},
): PlanFinding {
  const row = planFindingTable[code]
  const { severity } = row
  return { code, severity, message, remedy: remedy ?? row.remedy, ...(address !== undefined && { address }) }
}

/** What a host was found to say of itself. */
export function hostFinding({ code, severity, found, remedy }: Finding, address: string): PlanFinding {
  return { code, severity, message: found, remedy, address }
}

/** The first few of a list, and how many more there are. */
export function firstFew(names: readonly string[]): string {
  const more = names.length - 3
  return `${names.slice(0, 3).join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}
