/** The alphabet of generated Kubernetes names: no vowels, and no characters that look alike (apimachinery, util/rand). */
const safe = "[bcdfghjklmnpqrstvwxz2456789]";

/** A pod of a Deployment: the Deployment's name, the pod-template-hash, five random characters. */
const podName = new RegExp(`^(?<template>(?<deployment>.+)-${safe}{1,10})-${safe}{5}$`);

/** How long a pod is remembered that no EndpointSlice lists: it may be moving from one slice to another. Milliseconds. */
const forgetMs = 600_000;

interface SeenPod {
  readonly deployment: string;
  /** The Deployment's name and the pod-template-hash. */
  readonly template: string;
  readonly firstSeenAt: number;
  lastSeenAt: number;
}

/**
 * Finds the pods of a Deployment that a rolling update replaces, by their names alone: those of another pod template than the pod
 * that appeared last. Pods that are there at the first look count as equally old. A pod name without a pod-template-hash (for
 * example of a StatefulSet, or a shortened one) is never outdated.
 */
export class PodTemplates {
  readonly #seen = new Map<string, SeenPod>();
  #outdated: ReadonlySet<string> = new Set();

  /** @param names the names of all present pods, ready or not: a pod that becomes ready again is not a new pod */
  observe(names: Iterable<string>, now: number): void {
    for (const name of names) {
      const seen = this.#seen.get(name);
      if (seen !== undefined) {
        seen.lastSeenAt = now;
        continue;
      }
      const { deployment, template } = podName.exec(name)?.groups ?? {};
      if (deployment === undefined || template === undefined) continue;
      this.#seen.set(name, { deployment, template, firstSeenAt: now, lastSeenAt: now });
    }
    for (const [name, { lastSeenAt }] of this.#seen) {
      if (now - lastSeenAt > forgetMs) this.#seen.delete(name);
    }
    this.#outdated = outdatedOf(this.#seen);
  }

  /** Whether a pod of another template of the same Deployment has appeared after the last pod of this one's template. */
  outdated(name: string): boolean {
    return this.#outdated.has(name);
  }
}

function outdatedOf(pods: ReadonlyMap<string, SeenPod>): Set<string> {
  const latest = new Map<string, number>();
  for (const { deployment, template, firstSeenAt } of pods.values()) {
    for (const key of [deployment, template]) latest.set(key, Math.max(latest.get(key) ?? 0, firstSeenAt));
  }
  const isOutdated = ({ deployment, template }: SeenPod) =>
    (latest.get(template) ?? 0) < (latest.get(deployment) ?? 0);
  return new Set([...pods].filter(([, pod]) => isOutdated(pod)).map(([name]) => name));
}
