import { createHash, randomBytes } from "node:crypto";
import { join } from "node:path";

import { now } from "../process/clock";
import { type Environment, type References, resolveEnvironment } from "./environment";
import {
  type Container,
  type Deployment,
  nameOf,
  type PodTemplate,
  UnsupportedManifestError,
} from "./manifest";
import { type Command, Pod } from "./pod";
import { planRollout, rolloutSpec, type RolloutSpec } from "./rollout";
import type { Subnet } from "./subnet";

export interface DeploymentArgs {
  readonly manifest: Deployment;
  readonly references: References;
  readonly subnet: Subnet;
  /** Returns the process that runs in place of a container. Throws if it does not know the container. */
  readonly commandFor: (container: Container) => Command;
  /** Changes a pod's environment after the manifest's own variables. */
  readonly adaptEnv: (env: Environment) => Environment;
  /** The directory for one log file for each pod; default: no logs. */
  readonly logs?: string;
  /** Called after every change of a pod. */
  readonly onChange: () => void;
}

/** Runs a Deployment's replicas, and replaces them step by step when its template changes. */
export class LocalDeployment {
  readonly name: string;
  readonly #args: DeploymentArgs;
  readonly #spec: RolloutSpec;
  readonly #pods = new Set<Pod>();
  /** The pods that have ended, for reports. */
  readonly #past: Pod[] = [];
  readonly #container: Container;
  #template: PodTemplate;
  #timer: NodeJS.Timeout | undefined;
  #complete = false;
  #stopped = false;
  #reconciling = false;

  constructor(args: DeploymentArgs) {
    const template = args.manifest.spec?.template;
    const [container, ...others] = template?.spec?.containers ?? [];
    this.name = nameOf(args.manifest);
    if (template === undefined || container === undefined || others.length > 0) {
      throw new UnsupportedManifestError(
        `Deployment ${this.name}: the local runner supports only pods with one container`,
      );
    }
    this.#args = args;
    this.#template = template;
    this.#container = container;
    this.#spec = rolloutSpec(args.manifest);
  }

  /** The pods that have not ended, including terminating ones. */
  get pods(): readonly Pod[] {
    return [...this.#pods];
  }

  /** All pods, including those that have ended. */
  get allPods(): readonly Pod[] {
    return [...this.#past, ...this.#pods];
  }

  /** Whether as many pods as replicas are ready, of any template. */
  get ready(): boolean {
    return this.pods.filter(({ readySince }) => readySince !== undefined).length >= this.#spec.replicas;
  }

  /** Whether all replicas have the current template and are available, and every other pod is terminating. */
  get complete(): boolean {
    return this.#complete;
  }

  /** Creates the missing pods. From then on the Deployment replaces pods by itself. */
  start(): void {
    this.#reconcile();
  }

  /** As `kubectl rollout restart`: a new template that differs in one annotation, so every pod is replaced. */
  restart(): void {
    const annotations = {
      ...this.#template.metadata?.annotations,
      "kubectl.kubernetes.io/restartedAt": new Date(now()).toISOString(),
    };
    this.#template = { ...this.#template, metadata: { ...this.#template.metadata, annotations } };
    this.#complete = false;
    this.#reconcile();
  }

  /** Deletes all pods, gracefully or, with `force`, at once. Resolves once none is left. */
  async stop(options: { readonly force?: boolean } = {}): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await Promise.all(this.pods.map((pod) => pod.delete(options)));
  }

  #reconcile(): void {
    // Creating a pod calls this again; the running loop handles that change.
    if (this.#stopped || this.#reconciling) return;
    this.#reconciling = true;
    clearTimeout(this.#timer);
    for (;;) {
      const counted = this.pods.filter(({ phase }) => phase !== "terminating" && phase !== "gone");
      const step = planRollout(this.#spec, revisionOf(this.#template), counted, now());
      this.#complete = step.complete;
      for (let index = 0; index < step.create; index++) this.#create();
      for (const pod of counted) if (step.remove.includes(pod.name)) void pod.delete();
      if (step.create > 0 || step.remove.length > 0) continue;
      if (step.nextCheckAt !== undefined) {
        this.#timer = setTimeout(() => this.#changed(), Math.max(1, Math.ceil(step.nextCheckAt - now())));
      }
      break;
    }
    this.#reconciling = false;
  }

  #changed(): void {
    for (const pod of this.pods.filter(({ phase }) => phase === "gone")) {
      this.#pods.delete(pod);
      this.#past.push(pod);
      this.#args.subnet.give(pod.address);
    }
    this.#reconcile();
    this.#args.onChange();
  }

  #create(): void {
    const { subnet, references, commandFor, adaptEnv, logs, manifest } = this.#args;
    const revision = revisionOf(this.#template);
    const name = `${this.name}-${revision}-${randomBytes(3).toString("hex").slice(0, 5)}`;
    const address = subnet.take();
    const metadata = {
      ...this.#template.metadata,
      name,
      namespace: manifest.metadata?.namespace ?? "default",
    };
    const env = resolveEnvironment(this.#container, { metadata, address }, references);
    this.#pods.add(
      new Pod({
        name,
        address,
        revision,
        labels: metadata.labels ?? {},
        container: this.#container,
        env: { PATH: process.env.PATH ?? "", ...adaptEnv({ ...env, BIND_ADDRESS: address }) },
        command: commandFor(this.#container),
        graceMs: (this.#template.spec?.terminationGracePeriodSeconds ?? 30) * 1_000,
        ...(logs && { log: join(logs, `${name}.log`) }),
        onChange: () => this.#changed(),
      }),
    );
  }
}

/** Equal templates have equal revisions, as with `pod-template-hash`. */
function revisionOf(template: PodTemplate): string {
  return createHash("sha256").update(JSON.stringify(template)).digest("hex").slice(0, 8);
}
