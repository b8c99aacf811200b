import { mkdirSync } from "node:fs";
import { within } from "../process/wait";
import { LocalDeployment } from "./deployment";
import { Edge } from "./edge/edge";
import { type Route, routesOf } from "./edge/routes";
import { type Endpoint, readyEndpoints } from "./endpoints";
import { type Environment, references } from "./environment";
import { type Container, type Manifest, nameOf, ofKind, selects, type Service } from "./manifest";
import type { Command, Pod } from "./pod";
import { ServiceProxy } from "./service";
import { Subnet } from "./subnet";

export interface LocalClusterArgs {
  readonly objects: readonly Manifest[];
  /** Returns the process that runs in place of a container. Throws if it does not know the container. */
  readonly commandFor: (container: Container) => Command;
  /** Changes a pod's environment after the manifest's own variables. Default: no change. Gets the addresses of all listeners. */
  readonly adaptEnv?: (env: Environment, listeners: Listeners) => Environment;
  /** The address of the edge; default 127.0.0.1 on a free port. */
  readonly edge?: { readonly host?: string; readonly port?: number };
  /** The directory for one log file for each pod; default: no logs. */
  readonly logs?: string;
}

/** The addresses of the cluster's listeners. */
export type Listeners = Pick<LocalCluster, "services" | "edgePort">;

/** A rollout did not end in time. The message describes the state of each pod. */
class RolloutTimeoutError extends Error {
  readonly code = "HOLDFAST_LOCAL_ROLLOUT_TIMEOUT";
}

/**
 * Runs the objects of Kubernetes manifests as processes on this machine: each Deployment's pods by the kubelet's and the
 * controller's rules, each Service at its own loopback address (also a headless one), and the Ingresses at one edge. Network
 * policies, budgets and resource limits are not enforced, and a change of the endpoints takes effect at once.
 */
export class LocalCluster {
  readonly deployments: readonly LocalDeployment[];
  readonly #subnet: Subnet;
  readonly #objects: readonly Manifest[];
  #services: readonly ServiceProxy[] = [];
  #edge: Edge | undefined;
  #waiters = new Set<() => void>();
  #stopped: Promise<void> | undefined;

  private constructor(args: LocalClusterArgs, subnet: Subnet) {
    const { objects, commandFor, logs, adaptEnv: adapt } = args;
    const adaptEnv = (env: Environment) => adapt?.(env, this) ?? env;
    if (logs !== undefined) mkdirSync(logs, { recursive: true });
    this.#objects = objects;
    this.#subnet = subnet;
    const shared = { references: references(objects), subnet, commandFor, adaptEnv, ...(logs && { logs }) };
    this.deployments = ofKind(objects, "Deployment").map(
      (manifest) => new LocalDeployment({ ...shared, manifest, onChange: () => this.#changed() }),
    );
  }

  /** Starts everything. Resolves once all listeners are open, before the pods are ready: see {@link rolledOut}. */
  static async start(args: LocalClusterArgs): Promise<LocalCluster> {
    const subnet = await Subnet.claim();
    const cluster = new LocalCluster(args, subnet);
    try {
      await cluster.#listen(args.edge);
      for (const deployment of cluster.deployments) deployment.start();
    } catch (error) {
      await cluster.stop();
      throw error;
    }
    return cluster;
  }

  /** The pods that have not ended. */
  get pods(): readonly Pod[] {
    return this.deployments.flatMap(({ pods }) => pods);
  }

  /** All pods, including those that have ended. */
  get allPods(): readonly Pod[] {
    return this.deployments.flatMap(({ allPods }) => allPods);
  }

  /** The routes of the Ingresses. */
  get routes(): readonly Route[] {
    return routesOf(ofKind(this.#objects, "Ingress"));
  }

  /** The Services that have pods here. */
  get services(): readonly ServiceProxy[] {
    return this.#services;
  }

  /** The edge's port; undefined if there is no Ingress. */
  get edgePort(): number | undefined {
    return this.#edge?.port;
  }

  /** Resolves once each Deployment has all of its replicas ready. Throws as {@link rolledOut} does. */
  ready(timeoutMs: number): Promise<void> {
    return this.#until(() => this.deployments.every(({ ready }) => ready), timeoutMs, "become ready");
  }

  /**
   * Resolves once each Deployment's rollout is complete, as `kubectl rollout status` does.
   * @throws {RolloutTimeoutError} if it takes longer than `timeoutMs`
   */
  rolledOut(timeoutMs: number): Promise<void> {
    return this.#until(() => this.deployments.every(({ complete }) => complete), timeoutMs, "roll out");
  }

  /** Resolves once no pod is terminating. Throws as {@link rolledOut} does. */
  settled(timeoutMs: number): Promise<void> {
    return this.#until(() => this.pods.every(({ phase }) => phase !== "terminating"), timeoutMs, "settle");
  }

  /**
   * Deletes all pods gracefully, then closes edge and Services. With `force`, kills pods at once, including terminating ones.
   * Safe to call twice.
   */
  async stop(options: { readonly force?: boolean } = {}): Promise<void> {
    const podsGone = Promise.all(this.deployments.map((deployment) => deployment.stop(options)));
    this.#stopped ??= this.#close(podsGone);
    await this.#stopped;
  }

  async #close(podsGone: Promise<unknown>): Promise<void> {
    await podsGone;
    await Promise.all([this.#edge?.close(), ...this.#services.map((service) => service.close())]);
    this.#subnet.release();
  }

  async #listen(edge: LocalClusterArgs["edge"]): Promise<void> {
    const served = ofKind(this.#objects, "Service").filter((service) => this.#hasPods(service));
    const source = (service: Service, port: string | number) => this.#endpoints(service, port);
    this.#services = await Promise.all(
      served.map((service) => ServiceProxy.listen(service, this.#subnet.take(), source)),
    );
    const { routes } = this;
    if (routes.length === 0) return;
    // A route without a target is refused now, not at the first request.
    for (const { service, port } of routes) this.#endpointsBehind(service, port);
    this.#edge = await Edge.listen({
      routes,
      endpoints: (name, port) => this.#endpointsBehind(name, port),
      host: edge?.host ?? "127.0.0.1",
      port: edge?.port ?? 0,
    });
  }

  /** An Ingress refers to a Service's port; the endpoints listen on the target port. */
  #endpointsBehind(name: string, port: string | number): readonly Endpoint[] {
    const service = ofKind(this.#objects, "Service").find((candidate) => nameOf(candidate) === name);
    const servicePort = service?.spec?.ports?.find((entry) => entry.name === port || entry.port === port);
    if (service === undefined || servicePort === undefined) {
      throw new Error(`an Ingress routes to port ${port} of Service ${name}, which does not exist`);
    }
    return this.#endpoints(service, servicePort.targetPort ?? servicePort.port);
  }

  #endpoints(service: Service, targetPort: string | number): readonly Endpoint[] {
    return readyEndpoints(this.pods, service.spec?.selector ?? {}, targetPort);
  }

  #hasPods(service: Service): boolean {
    const templates = ofKind(this.#objects, "Deployment").map(({ spec }) => spec?.template.metadata?.labels);
    return templates.some((labels) => selects(service.spec?.selector, labels));
  }

  #changed(): void {
    for (const check of this.#waiters) check();
  }

  async #until(holds: () => boolean, timeoutMs: number, what: string): Promise<void> {
    let check = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      check = () => holds() && resolve();
      this.#waiters.add(check);
    });
    check();
    try {
      await within(`the pods ${what}`, timeoutMs, held);
    } catch (cause) {
      const states = this.pods.map(
        ({ name, phase, readySince, restarts }) =>
          `${name} ${phase}${readySince === undefined ? "" : ", ready"}, ${restarts} restart(s)`,
      );
      throw new RolloutTimeoutError(`the pods did not ${what} within ${timeoutMs} ms: ${states.join("; ")}`, {
        cause,
      });
    } finally {
      this.#waiters.delete(check);
    }
  }
}
