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

/** Pauses between two tries to read the slices. DNS finds the pods meanwhile. */
const watchBackoff: Backoff = { baseMs: 1_000, maxMs: 30_000, stableMs: 0 };

/**
 * The pods of a Service from the API server. It reports a change at once; DNS may report it up to 5 s later (the `ttl` of
 * https://coredns.io/plugins/kubernetes/). The slices also name the pods, and the names show which pods a rolling update
 * replaces. While the slices cannot be read, because the permission is missing or the API server is unavailable, another
 * discovery is used.
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

  /** @param cluster default: the cluster in which this process runs, with the ServiceAccount of its pod */
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
      // Before all slices are read, their order would look like the order in which the pods started.
      if (this.#synced) this.#observe();
    });
    this.#informer.on("error", (error: unknown) => this.#failed(error));
  }

  /** Starts to read and to watch. Resolves once the pods are known, or the first try has failed; further tries follow. */
  async start(): Promise<void> {
    const failures = this.#retry.attempt;
    try {
      await this.#informer.start();
    } catch (error) {
      this.#failed(error); // an error before the request: no token, no certificate
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
    const level = this.#retry.attempt === 0 ? "warn" : "debug"; // the error may be permanent, so it is logged as a warning once
    this.#log[level]({ err: code ?? message }, "EndpointSlices cannot be read: DNS finds the pods meanwhile");
    this.#retry.again(() => void this.start());
  }
}

/** The fields of an EndpointSlice that the proxy reads. */
export interface Slice {
  readonly endpoints: readonly SliceEndpoint[];
}

interface SliceEndpoint {
  readonly addresses: readonly string[];
  readonly conditions?: { readonly ready?: boolean };
  readonly targetRef?: { readonly kind?: string; readonly name?: string };
}

/** Each ready pod, once. A pod without a readiness condition counts as ready, as the API defines. */
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
