/**
 * What somebody may do: a viewer reads, an operator works, an admin does everything. Each may what those before may.
 */

/** The roles, from the least to the most. */
export const roles = ['viewer', 'operator', 'admin'] as const

/** What somebody may do. */
export type Role = (typeof roles)[number]

/** Whether a text is a role. */
export function isRole(text: unknown): text is Role {
  return roles.some((role) => role === text)
}

/** Whether somebody with a role may do what needs another. */
export function suffices(role: Role, needed: Role): boolean {
  return roles.indexOf(role) >= roles.indexOf(needed)
}
