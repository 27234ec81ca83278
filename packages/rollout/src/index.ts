/**
 * A rolling operation as a state machine with a journal: it says which host does which step next, within budgets, ramps
 * and windows, and does none of it. Whoever drives it may die at any moment; the journal says where to go on.
 */
export { amountOf } from './amount.ts'
export { allowance, decide, type Decision, type Situation } from './decide.ts'
export { estimate, type History } from './estimate.ts'
export { type Assumptions, type Forecast, forecast, forecastByMoves } from './forecast.ts'
export { advance, type HostProgress, isEnd, mayTurnBack, nextStep, untouched } from './host-progress.ts'
export { type HostEntry, IllegalEntry, type OperationEntry } from './journal.ts'
export { inOrder, type Member } from './order.ts'
export { faultsOf, type PolicyFault } from './refusal.ts'
export { type Journal, Rollout, type RolloutPlan } from './rollout.ts'
export { changesHost, type StepName, stepNames, stepsOf } from './steps.ts'
export { type Calendar, nextOpening, openUntil, type Span, spanOf } from './windows.ts'
