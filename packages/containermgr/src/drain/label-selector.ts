/** Matches the labels of a pod against a label selector of an object, such as a disruption budget. */
import type { V1LabelSelector, V1LabelSelectorRequirement } from '@kubernetes/client-node'

/** An empty selector selects all; none at all selects nothing. */
export function selectsLabels(
  selector: V1LabelSelector | undefined,
  labels: Readonly<Record<string, string>> = {},
): boolean {
  if (!selector) return false
  const { matchLabels = {}, matchExpressions = [] } = selector
  return (
    Object.entries(matchLabels).every(([name, value]) => labels[name] === value) &&
    matchExpressions.every((requirement) => meets(requirement, labels))
  )
}

function meets(
  { key, operator, values = [] }: V1LabelSelectorRequirement,
  labels: Readonly<Record<string, string>>,
): boolean {
  const value = labels[key]
  if (operator === 'Exists') return value !== undefined
  if (operator === 'DoesNotExist') return value === undefined
  const isIn = value !== undefined && values.includes(value)
  return operator === 'NotIn' ? !isIn : isIn
}
