import fc from "fast-check";

/**
 * The possible steps, as data. Numbers choose among what exists when the step runs (modulo), so every schedule, and every part of
 * one, can run. This lets fast-check shrink a failure to the few steps that matter.
 */
export type Step = { readonly turns: number } & (
  | { readonly do: "publish"; readonly client: number; readonly room: number; readonly count: number }
  | { readonly do: "backend publish"; readonly room: number; readonly count: number }
  | { readonly do: "send to user"; readonly client: number }
  | { readonly do: "join"; readonly client: number; readonly room: number }
  | { readonly do: "leave"; readonly client: number; readonly room: number }
  | { readonly do: "cut client"; readonly client: number }
  | { readonly do: "stall client"; readonly client: number }
  | { readonly do: "resume client"; readonly client: number }
  | { readonly do: "replace client"; readonly client: number }
  | { readonly do: "drain pod"; readonly pod: number }
  /** `sameName`: its container is restarted in place; otherwise another pod replaces it. */
  | { readonly do: "kill pod"; readonly pod: number; readonly sameName: boolean }
  | { readonly do: "cut redis"; readonly pod: number; readonly kind: "subscriber" | "commands" }
  | {
      readonly do: "slow redis";
      readonly pod: number;
      readonly kind: "subscriber" | "commands";
      readonly ms: number;
    }
  | { readonly do: "hold redis"; readonly pod: number; readonly kind: "subscriber" | "commands" }
  | { readonly do: "heal redis"; readonly pod: number }
  | { readonly do: "restart redis"; readonly data: "kept" | "lost" | "checkpoint"; readonly crash: boolean }
  | { readonly do: "checkpoint redis" }
  /** Waits until every client has everything. */
  | { readonly do: "settle" }
);

export interface Schedule {
  /** HISTORY_SIZE of the pods. A small value: the position of a client that was away is no longer in the history. */
  readonly historySize: number;
  /** The seed of the clients' jitter and routes. */
  readonly seed: number;
  readonly steps: readonly Step[];
}

const any = fc.nat({ max: 1_000 });
const kind = fc.constantFrom("subscriber" as const, "commands" as const);

/** Turns of the event loop until the next step: from "at the same time" to "when most answers have come". */
const turns = fc.constantFrom(0, 0, 1, 3, 10, 40, 150);

interface Weighted {
  readonly weight: number;
  readonly arbitrary: fc.Arbitrary<Step>;
}

function step<Do extends Step["do"]>(
  weight: number,
  name: Do,
  fields: { [Key in keyof Omit<Extract<Step, { do: Do }>, "do" | "turns">]: fc.Arbitrary<unknown> },
): Weighted {
  return {
    weight,
    arbitrary: fc.record({ do: fc.constant(name), turns, ...fields }) as unknown as fc.Arbitrary<Step>,
  };
}

const always = [
  step(60, "publish", { client: any, room: any, count: fc.integer({ min: 1, max: 12 }) }),
  step(10, "backend publish", { room: any, count: fc.integer({ min: 1, max: 12 }) }),
  step(6, "send to user", { client: any }),
  step(10, "join", { client: any, room: any }),
  step(6, "leave", { client: any, room: any }),
  step(8, "cut client", { client: any }),
  step(4, "stall client", { client: any }),
  step(6, "resume client", { client: any }),
  step(2, "replace client", { client: any }),
  step(3, "drain pod", { pod: any }),
  step(2, "kill pod", { pod: any, sameName: fc.boolean() }),
  step(4, "cut redis", { pod: any, kind }),
  step(4, "slow redis", { pod: any, kind, ms: fc.constantFrom(2, 10, 40) }),
  step(2, "hold redis", { pod: any, kind }),
  step(4, "heal redis", { pod: any }),
  step(2, "settle", {}),
];

/** Redis ends gracefully and keeps everything: no client may lose anything, or be told so. */
const lossless = step(3, "restart redis", { data: fc.constant("kept"), crash: fc.constant(false) });

const lossy = [
  step(3, "restart redis", { data: fc.constantFrom("kept", "lost", "checkpoint"), crash: fc.boolean() }),
  step(2, "checkpoint redis", {}),
];

/** More messages than any schedule publishes to a room. */
const ample = 10_000;

/** Schedules of up to `maxSteps` steps. In one of three, Redis may lose data; in one of six, there is little history. */
export function schedules(maxSteps: number): fc.Arbitrary<Schedule> {
  const of = (historySize: number, weighted: Weighted[]) =>
    fc.record({
      historySize: fc.constant(historySize),
      seed: fc.nat(),
      // Without fast-check's bias to short arrays, because errors need several steps.
      steps: fc.noBias(fc.array(fc.oneof(...weighted), { minLength: 1, maxLength: maxSteps, size: "max" })),
    });
  return fc.oneof(
    { weight: 3, arbitrary: of(ample, [...always, lossless]) },
    { weight: 2, arbitrary: of(ample, [...always, ...lossy]) },
    { weight: 1, arbitrary: of(20, [...always, lossless]) },
  );
}

/** Whether Redis keeps everything that it has confirmed. A crash may lose the last second of the append-only file. */
export function isLossless({ steps }: Schedule): boolean {
  return !steps.some((step) => step.do === "restart redis" && (step.data !== "kept" || step.crash));
}

/** Whether history contains everything, so that no client may be told of a loss. */
export function isComplete(schedule: Schedule): boolean {
  return isLossless(schedule) && schedule.historySize >= ample;
}
