import {
  DiscoveryV1Api,
  KubeConfig,
  makeInformer,
  type Informer,
  type ObjectCache,
  type V1EndpointSlice,
} from "@kubernetes/client-node";
import type { Logger } from "pino";
import type { Backoff } from "../client/backoff";
import { Retry } from "../client/retry";
import { systemTimers } from "../client/timers";
import type { Discovery, PodSource, ReadyPod } from "./endpoints";
import { hostAndPort } from "./host-and-port";
import { PodTemplates } from "./pod-templates";
import type { ServiceName } from "./service-name";

/** Between two tries to read the slices: DNS tells the pods meanwhile. */
const watchBackoff: Backoff = { baseMs: 1_000, maxMs: 30_000, stableMs: 0 };

/**
 * The pods of a Service as the API server tells of them: a change is known at once, where DNS tells it up to 5 s later
 * (the `ttl` of https://coredns.io/plugins/kubernetes/). They name the pods, so they also tell which of them a rolling
 * update replaces. While the slices cannot be read, because nobody allows it or the
 * API server is away, another discovery answers.
 */
export class EndpointSlices implements PodSource {
  readonly discover: Discovery = () =>
    this.#synced
      ? Promise.resolve(readyPods(this.#informer.list(), this.#service, this.#templates))
      : this.#otherwise();
  readonly #service: ServiceName;
  readonly #otherwise: Discovery;
  readonly #log: Logger;
  readonly #informer: Informer<V1EndpointSlice> & ObjectCache<V1EndpointSlice>;
  readonly #templates = new PodTemplates();
  readonly #retry = new Retry({ timers: systemTimers, random: Math.random, backoff: watchBackoff });
  #synced = false;
  #stopped = false;

  /** @param cluster default: the one that this process runs in, as its pod's ServiceAccount */
  constructor(service: ServiceName, otherwise: Discovery, log: Logger, cluster = thisCluster()) {
    this.#service = service;
    this.#otherwise = otherwise;
    this.#log = log;
    const { name, namespace } = service;
    const labelSelector = `kubernetes.io/service-name=${name}`;
    const api = cluster.makeApiClient(DiscoveryV1Api);
    this.#informer = makeInformer(
      cluster,
      `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`,
      () => api.listNamespacedEndpointSlice({ namespace, labelSelector }),
      labelSelector,
    );
    this.#informer.on("change", () => {
      // Until all slices are read, the order in which they come would look like the pods' age.
      if (this.#synced) this.#observe();
    });
    this.#informer.on("error", (error: unknown) => this.#failed(error));
  }

  /** Begins to read and to watch; resolves when the pods are known, or that try has failed. Later ones follow. */
  async start(): Promise<void> {
    const failures = this.#retry.attempt;
    try {
      await this.#informer.start();
    } catch (error) {
      this.#failed(error); // no token, no certificate: what comes before the request
    }
    if (this.#stopped || this.#retry.attempt !== failures) return;
    this.#retry.attempt = 0;
    this.#synced = true;
    this.#observe();
    this.#log.info({ service: this.#service.name }, "pods are known by EndpointSlices");
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#retry.clear();
    await this.#informer.stop();
  }

  #observe(): void {
    const endpoints = this.#informer.list().flatMap((slice: Slice) => slice.endpoints);
    this.#templates.observe(
      endpoints.flatMap((endpoint) => podNameOf(endpoint) ?? []),
      performance.now(),
    );
  }

  #failed(error: unknown): void {
    if (this.#stopped) return;
    this.#synced = false;
    const { message, code } = error as { message?: string; code?: number };
    const level = this.#retry.attempt === 0 ? "warn" : "debug"; // it may stay so
    this.#log[level]({ err: code ?? message }, "EndpointSlices cannot be read: pods are asked of DNS");
    this.#retry.again(() => void this.start());
  }
}

/** What is read of an EndpointSlice. */
export interface Slice {
  readonly endpoints: readonly SliceEndpoint[];
}

interface SliceEndpoint {
  readonly addresses: readonly string[];
  readonly conditions?: { readonly ready?: boolean };
  readonly targetRef?: { readonly kind?: string; readonly name?: string };
}

/** Each pod that is ready, once. A pod whose readiness is not known counts as ready, as the API has it. */
export function readyPods(
  slices: readonly Slice[],
  { port }: ServiceName,
  templates: Pick<PodTemplates, "outdated">,
): ReadyPod[] {
  const pods = new Map<string, ReadyPod>();
  for (const endpoint of slices.flatMap(({ endpoints }) => endpoints)) {
    if (endpoint.conditions?.ready === false) continue;
    const name = podNameOf(endpoint);
    const outdated = name !== undefined && templates.outdated(name);
    for (const ip of endpoint.addresses) {
      const address = hostAndPort(ip, port);
      pods.set(address, { address, outdated });
    }
  }
  return [...pods.values()];
}

function podNameOf({ targetRef }: SliceEndpoint): string | undefined {
  return targetRef?.kind === "Pod" ? targetRef.name : undefined;
}

function thisCluster(): KubeConfig {
  const config = new KubeConfig();
  config.loadFromCluster();
  return config;
}
