import { type Fault, killedPod, redisRestart, rollingRestart } from "../experiment/fault";
import { spread } from "../load/verdict";
import type { ClusterStack } from "./cluster/cluster-stack";

/** The faults that the command line asks for. */
export interface FaultOptions {
  readonly restart: boolean;
  readonly kill: boolean;
  readonly redisRestart: boolean;
  /** The number of replicas to which each service is scaled. Default: no scaling. */
  readonly scale?: number;
  /** The name of the node to drain. Default: none. */
  readonly nodeDrain?: string;
}

/** The faults for the stack, in this order. Without an option, a rolling restart. */
export function faults(options: FaultOptions): readonly Fault<ClusterStack>[] {
  const chosen: Fault<ClusterStack>[] = [];
  if (options.restart) chosen.push(rollingRestart);
  if (options.scale !== undefined) chosen.push(scaling(options.scale));
  if (options.nodeDrain !== undefined) chosen.push(nodeDrain(options.nodeDrain));
  if (options.kill) chosen.push(killedPod);
  if (options.redisRestart) chosen.push(redisRestart);
  return chosen.length === 0 ? [rollingRestart] : chosen;
}

function scaling(replicas: number): Fault<ClusterStack> {
  return {
    name: `scale to ${replicas} and back`,
    inject: async (stack) => {
      await stack.scaleAndBack(replicas);
      return spread([]);
    },
  };
}

function nodeDrain(node: string): Fault<ClusterStack> {
  return {
    name: `drain of node ${node}`,
    inject: async (stack) => {
      await stack.drainNode(node);
      return spread([]);
    },
  };
}
