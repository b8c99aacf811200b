import { type Fault, killedPod, redisRestart, rollingRestart } from "../experiment/fault";
import { spread } from "../load/verdict";
import type { ClusterStack } from "./cluster/cluster-stack";

/** What to do to the stack, as the command line asks for it. */
export interface FaultOptions {
  readonly restart: boolean;
  readonly kill: boolean;
  readonly redisRestart: boolean;
  /** Replicas of each service; left alone unless given. */
  readonly scale?: number;
  /** A node's name; left alone unless given. */
  readonly nodeDrain?: string;
}

/** What is done to the stack, in this order; a rolling restart unless anything is asked for. */
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
