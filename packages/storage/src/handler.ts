/**
 * The interface of a store handler, which keeps values as text; the store above it knows the models.
 *
 * A handler never parses a value. Each implementation is in `handlers/` and runs the contract suite of `testing.ts`.
 */
import type { Logger } from '@commissaire/bus'
import type { PageQuery } from './page.ts'

/** Where a value rests: the name of its model, and the key of the one meant. */
export interface Place {
  readonly model: string
  readonly key: string
}

/** A value as it was when it was read. */
export interface Stored extends Place {
  readonly value: string
  /** Different after every save, also after the value was deleted and saved anew. */
  readonly revision: string
}

/** A value to be kept. */
export interface Write extends Place {
  readonly value: string
  /** The revision that must be there now; null: nothing may be there; left out: whatever is there. */
  readonly expected?: string | null
}

/** A value to be deleted. */
export interface Deletion extends Place {
  /** The revision that must be there now; left out: whatever is there. */
  readonly expected?: string
}

/** What became of a write. */
export interface Written {
  readonly revision: string
  /** True when nothing was there before. */
  readonly created: boolean
}

/** A change that was made past every store of ours, say with `etcdctl`. */
export interface ForeignChange extends Place {
  readonly event: 'created' | 'updated' | 'deleted'
  /** What is there now or, when it was deleted, what was there; undefined when that is not known any more. */
  readonly value: string | undefined
}

/** What a handler's page is to contain. */
export type HandlerPage = Pick<PageQuery, 'after' | 'limit' | 'equal' | 'search'>

/** Where a handler says what became of changes that it could not tell anybody of. */
export type HandlerLog = Pick<Logger, 'info' | 'warn'>

/** A place where values rest, each under its model's name and its key. */
export interface StoreHandler extends AsyncDisposable {
  get(place: Place): Promise<Stored | undefined>
  /** Everything of one model whose key begins so, by key. */
  list(model: string, prefix?: string): Promise<Stored[]>
  /**
   * Returns the first values of one model, by key, that come after a key and meet the conditions: at most `limit`, and all of
   * them if there are fewer. Its cost does not depend on the number of values before the page. A handler without it is
   * listed as a whole.
   */
  page?(model: string, query: HandlerPage): Promise<Stored[]>
  /**
   * Keeps all of the values or none, in one step that nobody else comes between; resolves when they are kept.
   * Throws the BusError `Conflict` when an expected revision is not there, and a StoreFault when it cannot write.
   */
  save(writes: readonly Write[]): Promise<Written[]>
  /**
   * Deletes all of the values or, when one of them is not there, none, in one step. Resolves with what was found at each
   * place. Throws the BusError `Conflict`, and deletes nothing, when there is another revision than the expected one.
   */
  delete(deletions: readonly Deletion[]): Promise<(Stored | undefined)[]>
  /**
   * Tells of changes that were made past every store, each once though several stores listen, until it is disposed of.
   * A handler whose values nobody else can change does not have this.
   */
  watch?(hear: (change: ForeignChange) => Promise<void>, options: { log: HandlerLog }): AsyncDisposable
  /**
   * Writes something that is no model, and throws a StoreFault when the store cannot be written. Called only after a save
   * has failed. A handler without it counts as writable again after the next successful save.
   */
  probe?(): Promise<void>
  /** Lets go of what it holds; a second call does nothing. */
  close(): Promise<void>
}
