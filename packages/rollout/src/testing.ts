/** A simulated fleet, and a driver that can be killed at any point, for tests of the state machine. */
export {
  ends,
  type Mishap,
  mishaps,
  SimulatedFleet,
  type Simulation,
  type SimulationOptions,
  simulate,
} from './testing/simulation.ts'
