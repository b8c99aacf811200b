/** The load of a comparison. */
export interface Size {
  /** Half of the clients connect through the Services, half through the edge. */
  readonly clients: number;
  readonly roomsPerService: number;
  /** Messages per second over all rooms. */
  readonly rate: number;
  /** How many clients break their connection while all pods live, to show whether they reach their pod again. */
  readonly reconnects: number;
  /** How long messages flow before and after each fault. Milliseconds. */
  readonly steadyMs: number;
}

/** Two services, so 20 rooms of 25 clients: 1,250 deliveries a second. */
export const fullSize: Size = {
  clients: 500,
  roomsPerService: 10,
  rate: 50,
  reconnects: 200,
  steadyMs: 1_000,
};
