import { type Fault, killedPod, redisRestart } from "../experiment/fault";
import { passed, type Trial } from "../experiment/trial";
import type { LoadClientFactory } from "../load/client";
import { HoldfastLoadClient } from "../load/holdfast-client";
import { PlainClient } from "../load/plain-client";
import type { Manifest } from "../local/manifest";
import { withoutAffinity } from "./without-affinity";
import { withoutDrain } from "./without-drain";

/** One column of the comparison: the system as it is, or without a layer, and the clients that use it. */
export interface Scenario {
  readonly name: string;
  /** What it shows, in one line. */
  readonly title: string;
  /** Removes from the rendered manifests what the scenario does without. */
  readonly adapt: (objects: readonly Manifest[]) => readonly Manifest[];
  readonly makeClient: LoadClientFactory;
  /** Whether a proxy stands in front of each service. */
  readonly proxied: boolean;
  /**
   * What the scenario must guarantee to pass: no message is lost, duplicated or out of order, or in addition that no client's
   * socket closes.
   */
  readonly guarantees?: "messages" | "messages and sockets";
  /** The faults besides the rolling restart. */
  readonly faults: readonly Fault[];
}

const plain: LoadClientFactory = (args) => new PlainClient(args);

/** Each of the first four adds a layer to the previous one; the last is for clients that cannot be changed. */
export const scenarios: readonly Scenario[] = [
  {
    name: "nothing",
    title: "no affinity, no drain, clients that reconnect",
    adapt: (objects) => withoutAffinity(withoutDrain(objects)),
    makeClient: plain,
    proxied: false,
    faults: [],
  },
  {
    name: "affinity",
    title: "affinity alone",
    adapt: withoutDrain,
    makeClient: plain,
    proxied: false,
    faults: [],
  },
  {
    name: "affinity+drain",
    title: "affinity and drain",
    adapt: (objects) => objects,
    makeClient: plain,
    proxied: false,
    faults: [],
  },
  {
    name: "holdfast",
    title: "affinity, drain and clients that resume",
    adapt: (objects) => objects,
    makeClient: (args) => new HoldfastLoadClient(args),
    proxied: false,
    guarantees: "messages",
    faults: [killedPod, redisRestart],
  },
  {
    name: "connectionProxy",
    title: "a proxy in front, clients that know nothing of it",
    adapt: (objects) => objects,
    makeClient: plain,
    proxied: true,
    guarantees: "messages and sockets",
    faults: [],
  },
];

/** Whether the guarantee held, in the rolling restart and in every fault. */
export function scenarioPassed({ guarantees }: Scenario, trials: readonly Trial[]): boolean {
  if (guarantees === undefined) return true;
  const closed = trials.some(({ closeCodes }) => Object.keys(closeCodes).length > 0);
  return passed(trials) && !(guarantees === "messages and sockets" && closed);
}
