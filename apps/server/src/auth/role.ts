/**
 * The roles of users: a viewer reads, an operator works, an admin does everything. Each role includes those before it.
 */

/** The roles, from the least to the most privileged. */
export const roles = ['viewer', 'operator', 'admin'] as const

/** What a user is allowed to do. */
export type Role = (typeof roles)[number]

/** Returns whether a value is the name of a role. */
export function isRole(value: unknown): value is Role {
  return roles.some((role) => role === value)
}

/** Returns whether a role allows what requires another role. */
export function roleIncludes(role: Role, required: Role): boolean {
  return roles.indexOf(role) >= roles.indexOf(required)
}
