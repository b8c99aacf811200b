import type { Crds } from "./crds";
import type { Lab, LabName } from "./labs";
import type { OwnImageNames } from "./own-images";

/** What the tests know about their cluster. */
export interface Surroundings {
  readonly images: {
    /** The application's image, present on every node. */
    readonly app: string;
    /** Replaces the stack's own image; undefined if the nodes can pull that one. */
    readonly redis: string | undefined;
    /** The images of servers without Holdfast. */
    readonly own: OwnImageNames;
  };
  readonly edge: {
    /** The address on which the edge listens for HTTP. */
    readonly address: string;
    readonly port: number;
    /** The namespace of its pods, which the application must allow. */
    readonly namespace: string;
  };
  /** Addresses of this machine: for a Service, each is another client address. At least 32. */
  readonly clientAddresses: readonly string[];
  /** The networks of the clients, as pods see them. */
  readonly clientNetworks: readonly string[];
  /** Whether its NetworkPolicies support IPv6; if not, rules for it are not applied. */
  readonly ipv6Policies: boolean;
  /** The definitions of custom kinds in the examples. */
  readonly crds: readonly Crds[];
  /** Controllers of edges that can be installed in it; others are absent. */
  readonly labs: Readonly<Partial<Record<LabName, Lab>>>;
  /** Environment variables for Pulumi's CLI, if this machine has one for tests; otherwise it is on the PATH. */
  readonly engine: Readonly<Record<string, string>>;
  /** The seed of this run's generated secrets. */
  readonly secretSeed: string;
}

const variable = "HOLDFAST_E2E_SURROUNDINGS";

/** Encodes the surroundings for the tests, which run in another process. */
export function encodeSurroundings(surroundings: Surroundings): Record<string, string> {
  return { [variable]: JSON.stringify(surroundings) };
}

/** The surroundings of this process. Throws if the tests were not started by `npm run test:e2e`. */
export function readSurroundings(): Surroundings {
  const text = process.env[variable];
  if (text === undefined) throw new Error("there is no cluster: start these tests by `npm run test:e2e`");
  return JSON.parse(text) as Surroundings;
}
