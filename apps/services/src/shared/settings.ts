/** Settings that several of the five programs share. Files and flags give seconds; the services take milliseconds. */
import { z } from 'zod'

/** A time in seconds, which may have a fraction. The default is given in milliseconds, as the services take it. */
export function seconds(defaultMilliseconds: number, description: string) {
  return z
    .number()
    .positive()
    .default(defaultMilliseconds / 1000)
    .describe(`${description}, in seconds`)
}

/** The settings of programs that log in to hosts. */
export const hostSettings = {
  ssh_port: z.number().int().min(1).max(65_535).default(22).describe('where sshd listens on the hosts'),
  ssh_limit: z
    .number()
    .int()
    .min(1)
    .optional()
    .describe(
      'how many handshakes and commands run on hosts at a time; by default as many as are answered without delay',
    ),
}
