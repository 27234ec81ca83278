/** The shape of a family of hosts; each family is a file beside this one. */

/** What makes a host look like one of another family. */
export interface Family {
  readonly osRelease: string
  /** The body of each stand-in by its program's name; `$me` is that name, `$state` a folder that lasts. */
  readonly standIns: Readonly<Record<string, string>>
  /** Whatever else the family is known by. */
  readonly files?: Readonly<Record<string, string>>
}
