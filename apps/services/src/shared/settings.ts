/** Settings that several of the five programs have. Files and flags say seconds; the services take milliseconds. */
import { z } from 'zod'

/** A time in seconds; fractions are fine. */
export function seconds(defaultSeconds: number, description: string) {
  return z.number().positive().default(defaultSeconds).describe(`${description}, in seconds`)
}

/** The setting of programs that log in to hosts. */
export const hostSettings = {
  ssh_port: z.number().int().min(1).max(65_535).default(22).describe('where sshd listens on the hosts'),
}
