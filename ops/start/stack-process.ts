// Local stacks in a separate process, so that running pods, edge and Services does not delay the clients whose waits are
// measured. It ends, with everything that it runs, when the process that started it ends.
import type { RunningStack } from "../experiment/running-stack";
import { serve } from "../process/rpc";
import { LocalStack, type LocalStackArgs } from "./local-stack";

/** The methods of a stack, each with the stack's name as first argument, and methods to start and stop one. */
export type StackMethods = {
  [K in keyof RunningStack]: (
    name: string,
    ...args: Parameters<RunningStack[K]>
  ) => ReturnType<RunningStack[K]>;
} & {
  start(args: LocalStackArgs): Promise<void>;
  /** Kills all pods at once. */
  stop(name: string): Promise<void>;
};

const stacks = new Map<string, Promise<LocalStack>>();

function named(name: string): Promise<LocalStack> {
  return stacks.get(name) ?? Promise.reject(new Error(`no stack was started as ${name}`));
}

async function stop(name: string): Promise<void> {
  const stack = await named(name).catch(() => undefined);
  await stack?.stop({ force: true });
  stacks.delete(name);
}

const methods: StackMethods = {
  start: async (args) => {
    stacks.set(args.name, LocalStack.start(args));
    await named(args.name);
  },
  stop,
  targets: async (name) => (await named(name)).targets(),
  ready: async (name) => (await named(name)).ready(),
  rolledOut: async (name) => (await named(name)).rolledOut(),
  settled: async (name) => (await named(name)).settled(),
  restartDeployments: async (name) => (await named(name)).restartDeployments(),
  pods: async (name) => (await named(name)).pods(),
  crash: async (name, pod) => (await named(name)).crash(pod),
  restartRedis: async (name) => (await named(name)).restartRedis(),
};

serve(methods, async () => {
  await Promise.all(Array.from(stacks.keys(), stop));
});
