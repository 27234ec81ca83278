/** The table view of a thing: its name attribute and its columns. */

/** One column; `cell` makes the text of one thing. */
export interface Column {
  readonly title: string
  cell(thing: Readonly<Record<string, unknown>>): unknown
  /** Columns of numbers end at the same place. */
  readonly right?: boolean
}

/** The looks of one kind of thing. */
export interface View {
  /** The attribute that names it. */
  readonly key: string
  readonly columns: readonly Column[]
}

/** A column that shows an attribute as it is. */
export function column(attribute: string, title = attribute.toUpperCase().replaceAll('_', ' ')): Column {
  return { title, cell: (thing) => thing[attribute] }
}

/** How a value is written. */
export interface WriteOptions {
  readonly view?: View | undefined
  /** How many columns there are; undefined where nobody looks, and a table may be as wide as it likes. */
  readonly width: number | undefined
}
