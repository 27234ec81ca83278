/** A fleet that exists only in memory, and a driver that dies on it: what the state machine is tried with. */
export {
  ends,
  type Mishap,
  mishaps,
  SimulatedFleet,
  type Simulation,
  type SimulationOptions,
  simulate,
} from './testing/simulation.ts'
