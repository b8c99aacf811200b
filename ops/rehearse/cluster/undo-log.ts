import { PatchStrategy, setHeaderOptions, type V1ConfigMap } from "@kubernetes/client-node";
import { ask, askIfExists, KubernetesError, type KubernetesClient } from "../../kubernetes/client";
import { rehearsalLabel } from "./labels";

/** A change to the cluster, as the action that undoes it. */
export type Undo =
  | { readonly kind: "scale"; readonly deployment: string; readonly replicas: number }
  | { readonly kind: "uncordon"; readonly node: string }
  | { readonly kind: "namespace"; readonly name: string };

/** The contents of the undo log's object. */
interface Entry {
  /** The id of the rehearsal, which its objects have as a label. */
  readonly id: string;
  readonly startedAt: string;
  /** The changes, in the order in which they were made. */
  readonly changes: readonly Undo[];
}

/** Another rehearsal of this stack is running, or left something behind. The message says how to continue. */
class RehearsalRunningError extends Error {
  readonly code = "HOLDFAST_REHEARSAL_RUNNING";
}

/** Something that a rehearsal created or changed could not be undone. The message lists it. */
export class CleanUpError extends Error {
  readonly code = "HOLDFAST_CLEAN_UP";
}

/** One object in each namespace: only the process that creates it may rehearse. */
const name = "holdfast-rehearsal";

/** How long load pods have to leave their rooms. Seconds. */
const graceSeconds = 5;

/**
 * Stores in the cluster what a rehearsal changes, before it changes it. If this process ends early, the next `--clean` knows what
 * to undo. The object is also the lock against a second rehearsal.
 */
export class UndoLog {
  readonly #client: KubernetesClient;
  readonly #namespace: string;
  #entry: Entry;
  #closed: Promise<void> | undefined;

  private constructor(client: KubernetesClient, namespace: string, entry: Entry) {
    this.#client = client;
    this.#namespace = namespace;
    this.#entry = entry;
  }

  /** Throws {@link RehearsalRunningError} if the object exists. */
  static async open(client: KubernetesClient, namespace: string, id: string): Promise<UndoLog> {
    const entry: Entry = { id, startedAt: new Date().toISOString(), changes: [] };
    const labels = { "app.kubernetes.io/part-of": "holdfast", [rehearsalLabel]: id };
    const body: V1ConfigMap = { metadata: { name, labels }, data: toData(entry) };
    try {
      await ask(
        `create ConfigMap ${name} in ${namespace}`,
        client.core.createNamespacedConfigMap({ namespace, body }),
      );
    } catch (error) {
      if (!(error instanceof KubernetesError && error.status === 409)) throw error;
      const other = await readEntry(client, namespace);
      throw new RehearsalRunningError(
        `a rehearsal of namespace ${namespace} has been running since ${other?.startedAt ?? "just now"}, or was interrupted; ` +
          "wait for its end, or undo its changes with the same command and --clean",
      );
    }
    return new UndoLog(client, namespace, entry);
  }

  /** The undo log of an earlier rehearsal; undefined if there is none. */
  static async find(client: KubernetesClient, namespace: string): Promise<UndoLog | undefined> {
    const entry = await readEntry(client, namespace);
    return entry && new UndoLog(client, namespace, entry);
  }

  get id(): string {
    return this.#entry.id;
  }

  /** Call and await it before the change is made. */
  async write(undo: Undo): Promise<void> {
    await this.#save([...this.#entry.changes, undo]);
  }

  /** Undoes one change before the end. */
  async undo(undo: Undo): Promise<void> {
    await revert(this.#client, this.#namespace, undo);
    await this.#save(this.#entry.changes.filter((change) => change !== undo));
  }

  /**
   * Undoes every change, the last first, and deletes everything that the rehearsal created, the undo log last. Safe to call
   * twice. If something could not be undone, it continues with the rest, keeps the undo log, and then throws {@link
   * CleanUpError}.
   */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    const failures: string[] = [];
    const attempt = (work: Promise<void>) =>
      work.catch(
        (error: unknown) => void failures.push(error instanceof Error ? error.message : String(error)),
      );
    for (const change of this.#entry.changes.toReversed()) {
      await attempt(revert(this.#client, this.#namespace, change));
    }
    await attempt(this.#deleteCreated());
    if (failures.length === 0) await attempt(this.#deleteSelf());
    if (failures.length > 0) {
      throw new CleanUpError(
        `some changes could not be undone:\n${failures.map((line) => `  ${line}\n`).join("")}` +
          `ConfigMap ${name} in namespace ${this.#namespace} records it: try again with --clean`,
      );
    }
  }

  async #deleteCreated(): Promise<void> {
    const { core, networking } = this.#client;
    const namespace = this.#namespace;
    const all = { namespace, labelSelector: `${rehearsalLabel}=${this.id}` };
    await ask(
      "delete the load's pods",
      core.deleteCollectionNamespacedPod({ ...all, gracePeriodSeconds: graceSeconds }),
    );
    await ask("delete the load's NetworkPolicies", networking.deleteCollectionNamespacedNetworkPolicy(all));
    // The undo log has the label too, and is deleted last.
    const { items } = await ask("list the rehearsal's ConfigMaps", core.listNamespacedConfigMap(all));
    for (const { metadata } of items) {
      if (metadata?.name === undefined || metadata.name === name) continue;
      const what = `delete ConfigMap ${metadata.name}`;
      await askIfExists(what, core.deleteNamespacedConfigMap({ namespace, name: metadata.name }));
    }
  }

  async #deleteSelf(): Promise<void> {
    const request = this.#client.core.deleteNamespacedConfigMap({ namespace: this.#namespace, name });
    await askIfExists(`delete ConfigMap ${name}`, request);
  }

  async #save(changes: readonly Undo[]): Promise<void> {
    const entry = { ...this.#entry, changes };
    await ask(
      `write into ConfigMap ${name}`,
      this.#client.core.patchNamespacedConfigMap(
        { namespace: this.#namespace, name, body: { data: toData(entry) } },
        setHeaderOptions("Content-Type", PatchStrategy.MergePatch),
      ),
    );
    this.#entry = entry;
  }
}

async function readEntry({ core }: KubernetesClient, namespace: string): Promise<Entry | undefined> {
  const what = `read ConfigMap ${name} of ${namespace}`;
  const found = await askIfExists(what, core.readNamespacedConfigMap({ namespace, name }));
  const text = found?.data?.["undoLog.json"];
  return text === undefined ? undefined : (JSON.parse(text) as Entry);
}

function toData(entry: Entry): Record<string, string> {
  return { "undoLog.json": JSON.stringify(entry, undefined, 2) };
}

async function revert({ core, apps }: KubernetesClient, namespace: string, undo: Undo): Promise<void> {
  const merge = setHeaderOptions("Content-Type", PatchStrategy.MergePatch);
  switch (undo.kind) {
    case "scale": {
      const body = { spec: { replicas: undo.replicas } };
      const request = { namespace, name: undo.deployment, body };
      await ask(
        `scale Deployment ${undo.deployment} back to ${undo.replicas}`,
        apps.patchNamespacedDeploymentScale(request, merge),
      );
      break;
    }
    case "uncordon": {
      const request = { name: undo.node, body: { spec: { unschedulable: null } } };
      await askIfExists(`uncordon node ${undo.node}`, core.patchNode(request, merge));
      break;
    }
    case "namespace":
      await askIfExists(`delete namespace ${undo.name}`, core.deleteNamespace({ name: undo.name }));
  }
}
