/**
 * Reads `model_json_data`: an object, its JSON text, or a list of either.
 */
import { BusError } from '@commissaire/bus'
import { type Fault, type ModelDefinition, ValidationError } from '@commissaire/models'

type Item = Record<string, unknown>

/** The objects that were given, and how to answer in the same shape: one for one, a list for a list. */
export interface Items {
  readonly items: readonly Item[]
  readonly asGiven: <T extends object>(results: T[]) => T | T[]
}

/** Reads the argument, or throws `InvalidParams`. */
export function readItems(definition: ModelDefinition, data: unknown): Items {
  // The text of a whole list is taken, too: it costs nothing to be kind here.
  const whole = typeof data === 'string' ? readText(definition, data) : data
  const given = Array.isArray(whole) ? whole : [whole]
  const items = eachOf(definition, given, (each) => readItem(definition, each))
  return { items, asGiven: (results) => (Array.isArray(whole) ? results : (results[0] ?? results)) }
}

/** Does `work` with each item; when it is not right for some, throws one `InvalidParams` that lists every fault. */
export function eachOf<In, Out>(
  definition: ModelDefinition,
  items: readonly In[],
  work: (item: In) => Out,
): Out[] {
  const results: Out[] = []
  const faults: Fault[] = []
  for (const [index, item] of items.entries()) {
    try {
      results.push(work(item))
    } catch (error) {
      if (!(error instanceof ValidationError)) throw error
      faults.push(...error.faults.map((fault) => (items.length > 1 ? within(index, fault) : fault)))
    }
  }
  if (faults.length === 0) return results
  throw asBusError(new ValidationError(definition.name, faults))
}

/** A validation error as it goes over the bus, with every fault in its data. */
export function asBusError(error: ValidationError): BusError {
  const data = { exception: 'ValidationError', model_type_name: error.model, faults: error.faults }
  return new BusError('InvalidParams', error.message, { data, cause: error })
}

function within(index: number, { path, message }: Fault): Fault {
  return { path: path === '' ? `[${index}]` : `[${index}].${path}`, message }
}

function readItem(definition: ModelDefinition, item: unknown): Item {
  const object = typeof item === 'string' ? readText(definition, item) : item
  if (isItem(object)) return object
  throw new ValidationError(definition.name, [{ path: '', message: 'must be an object or its JSON text' }])
}

function readText(definition: ModelDefinition, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    const faults = [{ path: '', message: 'must be an object or its JSON text' }]
    throw asBusError(new ValidationError(definition.name, faults, { cause }))
  }
}

function isItem(value: unknown): value is Item {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
