import { makeInformer, type V1Pod } from "@kubernetes/client-node";
import { componentLabels } from "../../../infra/labels";
import { ask, type KubernetesClient } from "../../kubernetes/client";
import { now } from "../../process/clock";
import { updateHistory, type PodHistory } from "./pod-history";

/** The pause before a broken watch is started again. Milliseconds. */
const retryMs = 1_000;

/** Follows every pod of the WebSocket services of a namespace, including terminating pods. */
export class PodWatch {
  readonly #histories = new Map<string, PodHistory>();
  readonly #informer;
  #retry: NodeJS.Timeout | undefined;
  #stopped = false;

  private constructor({ config, core }: KubernetesClient, namespace: string) {
    const labelSelector = Object.entries(componentLabels("websocket-service"))
      .map((pair) => pair.join("="))
      .join(",");
    const path = `/api/v1/namespaces/${namespace}/pods`;
    const list = () =>
      ask(`list the pods of namespace ${namespace}`, core.listNamespacedPod({ namespace, labelSelector }));
    this.#informer = makeInformer(config, path, list, labelSelector);
    const take = (pod: V1Pod) => this.#take(pod, false);
    this.#informer.on("add", take);
    this.#informer.on("update", take);
    this.#informer.on("delete", (pod) => this.#take(pod, true));
    this.#informer.on("error", () => {
      if (!this.#stopped) this.#retry = setTimeout(() => void this.#informer.start(), retryMs);
    });
  }

  /** Resolves once all existing pods are known. */
  static async start(client: KubernetesClient, namespace: string): Promise<PodWatch> {
    const watch = new PodWatch(client, namespace);
    await watch.#informer.start();
    return watch;
  }

  /** Every pod since the watch began, oldest first. */
  get histories(): readonly PodHistory[] {
    return [...this.#histories.values()].toSorted((a, b) => a.createdAt - b.createdAt);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#retry);
    await this.#informer.stop();
  }

  #take(pod: V1Pod, gone: boolean): void {
    const uid = pod.metadata?.uid ?? "";
    this.#histories.set(uid, updateHistory(this.#histories.get(uid), pod, { at: now(), gone }));
  }
}
