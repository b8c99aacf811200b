import { PatchStrategy, setHeaderOptions, type V1Deployment } from "@kubernetes/client-node";
import type { PodRecord, RunningStack } from "../../experiment/running-stack";
import type { Target } from "../../load/target";
import { ask, askIfExists, type KubernetesClient, KubernetesError } from "../../kubernetes/client";
import { killApplication } from "./killer";
import type { UndoLog } from "./undo-log";
import type { LiveStack, ServiceDescription } from "./live-stack";
import { cutShort, type PodHistory } from "./pod-history";
import { PodWatch } from "./pod-watch";
import { type WaitOptions, until } from "./until";

export interface ClusterStackArgs {
  readonly client: KubernetesClient;
  readonly live: LiveStack;
  /** The services to rehearse. No other service is changed. */
  readonly services: readonly ServiceDescription[];
  readonly targets: readonly Target[];
  readonly undoLog: UndoLog;
  /** Limits every wait, and ends it when the rehearsal is aborted. */
  readonly waitOptions: WaitOptions;
}

/** A stack on a Kubernetes cluster. */
export class ClusterStack implements RunningStack {
  readonly #args: ClusterStackArgs;
  readonly #watch: PodWatch;
  /** When pods were killed, by uid: the API server learns of it later. */
  readonly #crashes = new Map<string, number>();

  private constructor(args: ClusterStackArgs, watch: PodWatch) {
    this.#args = args;
    this.#watch = watch;
  }

  static async start(args: ClusterStackArgs): Promise<ClusterStack> {
    return new ClusterStack(args, await PodWatch.start(args.client, args.live.namespace));
  }

  /** Every pod of the rehearsed services since the start. */
  get histories(): readonly PodHistory[] {
    const names = new Set(this.#args.services.map(({ name }) => name));
    return this.#watch.histories
      .filter(({ service }) => names.has(service))
      .map((history) => cutShort(history, this.#crashes.get(history.uid)));
  }

  targets(): Promise<readonly Target[]> {
    return Promise.resolve(this.#args.targets);
  }

  async ready(): Promise<void> {
    await this.#untilDeployments("every pod is ready", ({ spec, status }) => {
      return (status?.readyReplicas ?? 0) >= (spec?.replicas ?? 1);
    });
  }

  /** Decides as `kubectl rollout status` does. */
  async rolledOut(): Promise<void> {
    await this.#untilDeployments("every rollout is complete", isRolledOut);
  }

  async settled(): Promise<void> {
    const left = () => this.histories.filter(({ deletedAt, termination }) => deletedAt && !termination);
    await until(
      "no pod is terminating any more",
      this.#args.waitOptions,
      () => (left().length === 0 ? true : undefined),
      () =>
        left()
          .map(({ name }) => name)
          .join(", "),
    );
  }

  async restartDeployments(): Promise<void> {
    const { client, live, services } = this.#args;
    const annotations = { "kubectl.kubernetes.io/restartedAt": new Date().toISOString() };
    const body = { spec: { template: { metadata: { annotations } } } };
    for (const { name } of services) {
      this.#args.waitOptions.signal.throwIfAborted();
      await ask(
        `restart Deployment ${name}`,
        client.apps.patchNamespacedDeployment(
          { namespace: live.namespace, name, body },
          setHeaderOptions("Content-Type", PatchStrategy.StrategicMergePatch),
        ),
      );
    }
  }

  pods(): Promise<readonly PodRecord[]> {
    return Promise.resolve(this.histories);
  }

  async crash(pod: string): Promise<number> {
    const { client, undoLog, services, waitOptions } = this.#args;
    const victim = this.histories.find(({ name }) => name === pod);
    const image = services.find(({ name }) => name === victim?.service)?.image;
    if (victim === undefined || image === undefined) throw new Error(`there is no pod ${pod}`);
    const at = await killApplication(client, undoLog, victim, image, waitOptions);
    this.#crashes.set(victim.uid, at);
    await until(`pod ${pod} is seen to have ended`, waitOptions, () => {
      const now = this.histories.find(({ uid }) => uid === victim.uid);
      return now?.restarts !== victim.restarts || !now.ready ? true : undefined;
    });
    return at;
  }

  /** Deletes the store's pod, as a node's drain does; its volume stays. */
  async restartRedis(): Promise<void> {
    const { client, live, waitOptions } = this.#args;
    const { namespace } = live;
    for (const store of live.stores) {
      const name = `${store}-0`;
      const read = () => askIfExists(`read pod ${name}`, client.core.readNamespacedPod({ namespace, name }));
      const old = (await read())?.metadata?.uid;
      await ask(`delete pod ${name}`, client.core.deleteNamespacedPod({ namespace, name }));
      await until(`a new pod ${name} is ready`, waitOptions, async () => {
        const found = await read();
        const ready = found?.status?.conditions?.some(
          ({ type, status }) => type === "Ready" && status === "True",
        );
        return found?.metadata?.uid !== old && ready === true ? true : undefined;
      });
    }
  }

  /** Sets the replicas of every rehearsed Deployment, waits, and sets them back. */
  async scaleAndBack(replicas: number): Promise<void> {
    const { client, live, services, undoLog } = this.#args;
    const { namespace } = live;
    const changes = services.map(({ name, replicas }) => ({
      kind: "scale" as const,
      deployment: name,
      replicas,
    }));
    for (const change of changes) {
      this.#args.waitOptions.signal.throwIfAborted();
      await undoLog.write(change);
      await ask(
        `scale Deployment ${change.deployment} to ${replicas}`,
        client.apps.patchNamespacedDeploymentScale(
          { namespace, name: change.deployment, body: { spec: { replicas } } },
          setHeaderOptions("Content-Type", PatchStrategy.MergePatch),
        ),
      );
    }
    await this.rolledOut();
    await this.settled();
    for (const change of changes) await undoLog.undo(change);
    await this.rolledOut();
    await this.settled();
  }

  /**
   * Cordons a node, evicts the rehearsed services' pods from it, waits until other pods serve in their place, and uncordons it.
   * Eviction respects disruption budgets, as `kubectl drain` does. Other pods of the node stay.
   */
  async drainNode(node: string): Promise<void> {
    const { client, undoLog } = this.#args;
    const found = await ask(`read node ${node}`, client.core.readNode({ name: node }));
    const undo = { kind: "uncordon", node } as const;
    const cordon = found.spec?.unschedulable !== true; // otherwise somebody else cordoned the node, and it stays cordoned
    if (cordon) {
      await undoLog.write(undo);
      await ask(
        `cordon node ${node}`,
        client.core.patchNode(
          { name: node, body: { spec: { unschedulable: true } } },
          setHeaderOptions("Content-Type", PatchStrategy.MergePatch),
        ),
      );
    }
    const evicted = this.histories.filter((pod) => pod.node === node && pod.deletedAt === undefined);
    // One after the other, because the budget allows only one at a time anyway.
    for (const pod of evicted) await this.#evict(pod);
    await this.rolledOut();
    await this.settled();
    if (cordon) await undoLog.undo(undo);
  }

  async stop(): Promise<void> {
    await this.#watch.stop();
  }

  /** Retries until the disruption budget allows it: 429 means not now. */
  async #evict({ name }: PodHistory): Promise<void> {
    const { client, live, waitOptions } = this.#args;
    const { namespace } = live;
    let refusal = "";
    await until(
      `pod ${name} may be evicted`,
      waitOptions,
      async () => {
        const body = { metadata: { name, namespace } };
        const request = client.core.createNamespacedPodEviction({ namespace, name, body });
        try {
          await askIfExists(`evict pod ${name}`, request);
          return true;
        } catch (error) {
          if (!(error instanceof KubernetesError && error.status === 429)) throw error;
          refusal = error.message;
          return undefined;
        }
      },
      () => refusal,
    );
  }

  async #untilDeployments(what: string, holds: (deployment: V1Deployment) => boolean): Promise<void> {
    const { client, live, services, waitOptions } = this.#args;
    let lagging: readonly V1Deployment[] = [];
    await until(
      what,
      waitOptions,
      async () => {
        const names = new Set(services.map(({ name }) => name));
        const { items } = await ask(
          `list the Deployments of namespace ${live.namespace}`,
          client.apps.listNamespacedDeployment({ namespace: live.namespace }),
        );
        lagging = items
          .filter(({ metadata }) => names.has(metadata?.name ?? ""))
          .filter((each) => !holds(each));
        return lagging.length === 0 ? true : undefined;
      },
      () => lagging.map(rolloutState).join("; "),
    );
  }
}

/** kubernetes/kubectl pkg/polymorphichelpers/rollout_status.go */
function isRolledOut({ metadata, spec, status }: V1Deployment): boolean {
  const wanted = spec?.replicas ?? 1;
  return (
    (status?.observedGeneration ?? 0) >= (metadata?.generation ?? 0) &&
    (status?.updatedReplicas ?? 0) === wanted &&
    (status?.replicas ?? 0) === wanted &&
    (status?.availableReplicas ?? 0) === wanted
  );
}

function rolloutState({ metadata, spec, status }: V1Deployment): string {
  const { updatedReplicas = 0, availableReplicas = 0, conditions = [] } = status ?? {};
  const failing = conditions.find((condition) => condition.status === "False")?.message;
  const counts = `${updatedReplicas} of ${spec?.replicas ?? 1} new, ${availableReplicas} available`;
  return `${metadata?.name ?? ""}: ${counts}${failing === undefined ? "" : `, ${failing}`}`;
}
