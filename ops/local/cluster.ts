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
  /** What runs in place of a container. Throws for one that it does not know. */
  readonly commandFor: (container: Container) => Command;
  /** Last word on a pod's environment, after the manifest's own; default as it is. Told where all listens. */
  readonly adaptEnv?: (env: Environment, listeners: Listeners) => Environment;
  /** Where the edge listens; default 127.0.0.1 on a free port. */
  readonly edge?: { readonly host?: string; readonly port?: number };
  /** Directory for one log file a pod; default none are kept. */
  readonly logs?: string;
}

/** Where the cluster listens. */
export type Listeners = Pick<LocalCluster, "services" | "edgePort">;

/** A rollout did not end in time; the message tells the state of each pod. */
class RolloutTimeoutError extends Error {
  readonly code = "HOLDFAST_LOCAL_ROLLOUT_TIMEOUT";
}

/**
 * Runs what Kubernetes manifests describe as processes on this machine: each Deployment's pods under the
 * kubelet's and the controller's rules, each Service at a loopback address of its own, also a headless one, the
 * Ingresses at one edge.
 * Network policies, budgets and resource limits are not enforced, and a change of the endpoints is seen at once.
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

  /** Starts everything; resolves when all listeners are open, before the pods are ready: see {@link rolledOut}. */
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

  /** Pods that are not gone. */
  get pods(): readonly Pod[] {
    return this.deployments.flatMap(({ pods }) => pods);
  }

  /** Every pod that there ever was. */
  get allPods(): readonly Pod[] {
    return this.deployments.flatMap(({ allPods }) => allPods);
  }

  /** Where the Ingresses lead. */
  get routes(): readonly Route[] {
    return routesOf(ofKind(this.#objects, "Ingress"));
  }

  /** Services that have pods here. */
  get services(): readonly ServiceProxy[] {
    return this.#services;
  }

  /** The edge's port; undefined when no Ingress is declared. */
  get edgePort(): number | undefined {
    return this.#edge?.port;
  }

  /** Resolves when each Deployment has all its replicas ready. Throws as {@link rolledOut} does. */
  ready(timeoutMs: number): Promise<void> {
    return this.#until(() => this.deployments.every(({ ready }) => ready), timeoutMs, "become ready");
  }

  /**
   * Resolves when each Deployment's rollout is complete, `kubectl rollout status`.
   * @throws {RolloutTimeoutError} when it takes longer than `timeoutMs`
   */
  rolledOut(timeoutMs: number): Promise<void> {
    return this.#until(() => this.deployments.every(({ complete }) => complete), timeoutMs, "roll out");
  }

  /** Resolves when no pod is terminating any more. Throws as {@link rolledOut} does. */
  settled(timeoutMs: number): Promise<void> {
    return this.#until(() => this.pods.every(({ phase }) => phase !== "terminating"), timeoutMs, "settle");
  }

  /**
   * Deletes all pods in good order, then closes edge and Services. With `force` pods are killed at once, also those
   * whose end is under way. Safe to call twice.
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
    // A route that leads nowhere is refused now, not at the first request.
    for (const { service, port } of routes) this.#endpointsBehind(service, port);
    this.#edge = await Edge.listen({
      routes,
      endpoints: (name, port) => this.#endpointsBehind(name, port),
      host: edge?.host ?? "127.0.0.1",
      port: edge?.port ?? 0,
    });
  }

  /** An Ingress names a Service's port; the endpoints listen on that port's target. */
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
