import type { Crds } from "./crds";
import type { Lab, LabName } from "./labs";
import type { OwnImageNames } from "./own-images";

/** What the tests are told of the cluster that they run in. */
export interface Surroundings {
  readonly images: {
    /** Of the application, present on every node. */
    readonly app: string;
    /** In place of the stack's own; undefined where the nodes can pull that one. */
    readonly redis: string | undefined;
    /** Of servers that know nothing of Holdfast. */
    readonly own: OwnImageNames;
  };
  readonly edge: {
    /** Where the edge listens for HTTP. */
    readonly address: string;
    readonly port: number;
    /** Of its pods, which the application must let in. */
    readonly namespace: string;
  };
  /** Addresses of this machine: a client bound to one is a client IP of its own to a Service. At least 32. */
  readonly clientAddresses: readonly string[];
  /** Networks that clients come from, as pods see them. */
  readonly clientNetworks: readonly string[];
  /** Whether its NetworkPolicies know IPv6; where they do not, rules for it are left out of what is applied. */
  readonly ipv6Policies: boolean;
  /** Definitions of what the examples hold and Kubernetes does not know. */
  readonly crds: readonly Crds[];
  /** Edges' controllers that can be installed in it; those that cannot are absent. */
  readonly labs: Readonly<Partial<Record<LabName, Lab>>>;
  /** Environment variables that lead to Pulumi's CLI, where this machine has one for tests; else it is on the PATH. */
  readonly engine: Readonly<Record<string, string>>;
  /** What this run's generated secrets are derived from. */
  readonly secretSeed: string;
}

const variable = "HOLDFAST_E2E_SURROUNDINGS";

/** How the surroundings reach the tests, which run in another process. */
export function encodeSurroundings(surroundings: Surroundings): Record<string, string> {
  return { [variable]: JSON.stringify(surroundings) };
}

/** The surroundings of this process. Throws where the tests were not started by `npm run test:e2e`. */
export function readSurroundings(): Surroundings {
  const text = process.env[variable];
  if (text === undefined) throw new Error("there is no cluster: start these tests by `npm run test:e2e`");
  return JSON.parse(text) as Surroundings;
}
