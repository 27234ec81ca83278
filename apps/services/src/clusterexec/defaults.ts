/** The default times of the clusterexec service, in milliseconds. Those of reboots are `defaultRebootTiming` of the hosts package. */
export const clusterexecDefaults = {
  /** How long the work on one host may take. */
  hostTimeout: 24 * 3_600_000,
  /** How long a worker that does not renew its lease counts as alive. */
  lease: 6_000,
} as const
