/** What happened during a run: calls with their outcomes, faults, and what hosts and services saw. */

/** What is known of a call. `unknown`: no answer came, so that it may have been done or not. */
export type Outcome = 'done' | 'refused' | 'unknown'

/** One thing that happened. */
export type Entry = { readonly at: number } & (
  | { readonly type: 'fault'; readonly fault: string }
  | {
      readonly type: 'write'
      readonly action: 'put' | 'delete'
      readonly key: string
      readonly outcome: Outcome
    }
  | { readonly type: 'increment'; readonly outcome: Outcome }
  | { readonly type: 'sent'; readonly id: string; readonly outcome: Outcome }
  | { readonly type: 'handled'; readonly id: string; readonly late: number }
  | {
      readonly type: 'operation'
      readonly cluster: string
      readonly phase: 'begun' | 'over'
      readonly id: string
      readonly status: string
    }
  | {
      readonly type: 'host'
      readonly cluster: string
      readonly address: string
      readonly phase: 'told' | 'down' | 'up'
    }
)

/** An entry without its time. */
export type Happening = Entry extends infer Each ? (Each extends Entry ? Omit<Each, 'at'> : never) : never

/** Everything that happened, in order. */
export class History {
  readonly entries: Entry[] = []

  add(happening: Happening): void {
    this.entries.push({ at: performance.now(), ...happening })
  }

  /** The entries of a type. */
  of<T extends Entry['type']>(type: T): Extract<Entry, { type: T }>[] {
    return this.entries.filter((entry): entry is Extract<Entry, { type: T }> => entry.type === type)
  }
}
