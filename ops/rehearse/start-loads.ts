import { join } from "node:path";
import type { KubernetesClient } from "../kubernetes/client";
import { RemoteProcess } from "../process/rpc";
import type { LiveStack, ServiceDescription } from "./cluster/live-stack";
import { LoadPods } from "./cluster/load-pods";
import type { WaitOptions } from "./cluster/until";
import type { LoadMethods } from "./load/generator";
import type { RemoteLoad } from "./load/generators";
import type { Options } from "./options";

/** The processes in which the clients run: on this machine, or in pods. */
export interface Loads {
  /** The loads; the last one is for comparison, if there is one. */
  readonly loads: readonly RemoteLoad[];
  readonly close: () => Promise<void>;
}

interface StartLoadsArgs {
  readonly options: Options;
  readonly client: KubernetesClient;
  readonly live: LiveStack;
  readonly services: readonly ServiceDescription[];
  readonly id: string;
}

/** The longest time around the faults, in which load pods start and clients connect. Seconds. */
const setupSeconds = 600;

/**
 * Starts the load processes.
 *
 * @param processes the number of processes with clients that resume; one more runs if there are clients for comparison
 * @param rounds the number of faults, which limits the life of load pods
 */
export async function startLoads(
  { options, client, live, services, id }: StartLoadsArgs,
  processes: number,
  rounds: number,
  waitOptions: WaitOptions,
): Promise<Loads> {
  const count = processes + (options.plain > 0 ? 1 : 0);
  if (!options.inside) {
    const program = join(__dirname, "load/local.ts");
    const loads = Array.from({ length: count }, () => new RemoteProcess<LoadMethods>(program));
    return {
      loads,
      close: async () => {
        await Promise.all(loads.map((load) => load.end()));
      },
    };
  }
  const pods = await LoadPods.start(
    client,
    {
      id,
      stack: live,
      services,
      count,
      image: options.image ?? services[0]?.image ?? "",
      deadlineSeconds: setupSeconds + rounds * (options.timeout + 2 * options.steady),
      avoid: options.nodeDrain,
    },
    waitOptions,
  );
  return {
    loads: pods.loads,
    close: () => {
      pods.close();
      return Promise.resolve();
    },
  };
}
