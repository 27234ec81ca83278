/** What a check of the layout finds: where, what, and what to do about it. */

/** One finding. */
export interface LayoutFault {
  /** A file or folder, relative to the root of the project. */
  readonly path: string
  /** What is wrong there. */
  readonly problem: string
  /** What mends it. */
  readonly remedy: string
}

/** A finding as one line. */
export function faultLine({ path, problem, remedy }: LayoutFault): string {
  return `${path}: ${problem}; ${remedy}`
}
