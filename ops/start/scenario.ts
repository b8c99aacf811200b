import type { LoadClientFactory } from "../load/client";
import { HoldfastLoadClient } from "../load/holdfast-client";
import { PlainClient } from "../load/plain-client";
import type { Manifest } from "../local/manifest";
import { withoutAffinity } from "./without-affinity";
import { withoutDrain } from "./without-drain";

/** One column of the comparison: the system as it is, or with a layer taken out, and the clients that use it. */
export interface Scenario {
  readonly name: string;
  /** What it shows, in one line. */
  readonly title: string;
  /** Takes out of the rendered manifests what the scenario goes without. */
  readonly adapt: (objects: readonly Manifest[]) => readonly Manifest[];
  readonly makeClient: LoadClientFactory;
  /** Whether the system promises that nothing is lost: then it is also put through faults, and judged. */
  readonly promises: boolean;
}

const plain: LoadClientFactory = (args) => new PlainClient(args);

/** Each adds a layer to the one before. */
export const scenarios: readonly Scenario[] = [
  {
    name: "nothing",
    title: "no affinity, no drain, clients that reconnect",
    adapt: (objects) => withoutAffinity(withoutDrain(objects)),
    makeClient: plain,
    promises: false,
  },
  {
    name: "affinity",
    title: "affinity alone",
    adapt: withoutDrain,
    makeClient: plain,
    promises: false,
  },
  {
    name: "affinity+drain",
    title: "affinity and drain",
    adapt: (objects) => objects,
    makeClient: plain,
    promises: false,
  },
  {
    name: "holdfast",
    title: "affinity, drain and clients that resume",
    adapt: (objects) => objects,
    makeClient: (args) => new HoldfastLoadClient(args),
    promises: true,
  },
];
