import type { LiveStack, ServiceDescription } from "./cluster/live-stack";
import { mostDeliveries, type Options, UsageError } from "./options";

/** Names of stacks without real users. */
const harmless = /^(local|dev|development|test|testing|ci|e2e|preview|qa|staging|sandbox|demo)(-|$)/;

/** Whether a stack may serve real users: every stack does, unless its name says otherwise. */
export function servesUsers(stack: string): boolean {
  return !harmless.test(stack);
}

/**
 * Refuses options that are unsafe in any cluster. Throws {@link UsageError}.
 *
 * @param services the number of services to rehearse
 */
export function expectSafe(options: Options, services: number): void {
  const { stack, yes, clean, clients, rate, rooms, url, inside, image } = options;
  if (clean) return;
  if (servesUsers(stack) && !yes) {
    throw new UsageError(
      `stack ${stack} may serve real users, whose clients will move to other pods. Add --yes if you want this`,
    );
  }
  if (url !== undefined && !/^wss?:\/\/[^/?#]+\/?$/.test(url)) {
    throw new UsageError(
      `--url must be ws:// or wss:// with a host and no path, found ${url.replace(/[?#].*/, "")}`,
    );
  }
  if (image !== undefined && !inside)
    throw new UsageError("--image is for client pods, so it requires --inside");
  const deliveries = Math.round((rate * clients) / (rooms * services));
  if (deliveries > mostDeliveries) {
    throw new UsageError(
      `${rate} messages/s to ${Math.round(clients / (rooms * services))} clients a room are ${deliveries} deliveries/s, ` +
        `at most ${mostDeliveries} are allowed; take fewer --clients, a smaller --rate or more --rooms`,
    );
  }
}

/** Refuses options that do not fit what the cluster runs. Throws {@link UsageError}. */
export function expectPossible(
  { scale, redisRestart }: Options,
  live: LiveStack,
  services: readonly ServiceDescription[],
): void {
  const scaled = services.map(({ name }) => name).filter((name) => live.autoscaled.includes(name));
  if (scale !== undefined && scaled.length > 0) {
    throw new UsageError(`--scale: an autoscaler sets the replicas of ${scaled.join(", ")}`);
  }
  if (redisRestart && live.stores.length === 0) {
    throw new UsageError("--redis-restart: the session store is not in the stack's namespace");
  }
}

/** The services to rehearse. Throws {@link UsageError} for one that the stack does not have. */
export function chosenServices<T extends { readonly name: string }>(
  { service }: Pick<Options, "service">,
  services: readonly T[],
): readonly T[] {
  if (services.length === 0) {
    throw new UsageError(
      "the stack has no Holdfast application, and the rehearsal's clients speak no other protocol. For your own image, run " +
        "`npm run doctor` and `npm run status`, and watch a rollout with your own clients",
    );
  }
  const known = services.map(({ name }) => name);
  const unknown = service.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    throw new UsageError(`--service: there is no ${unknown.join(", ")}; the stack has ${known.join(", ")}`);
  }
  return service.length === 0 ? services : services.filter(({ name }) => service.includes(name));
}
