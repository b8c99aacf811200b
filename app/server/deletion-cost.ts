import { readFile } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { request } from "node:https";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import type { Logger } from "pino";

/** https://kubernetes.io/docs/concepts/workloads/controllers/replicaset/#pod-deletion-cost */
const annotation = "controller.kubernetes.io/pod-deletion-cost";

/** Kubernetes asks not to change the annotation often, because each change is a write to the API server. Milliseconds. */
const defaultEveryMs = 60_000;

/** An API server that does not answer is asked again at the next turn. Milliseconds. */
const answerMs = 10_000;

/** Where a pod finds its API server. https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/ */
export interface Cluster {
  readonly host: string;
  readonly port: number;
  /** The folder with `token`, which is renewed now and then, `ca.crt` and `namespace`. */
  readonly credentials: string;
}

function thisCluster(env: NodeJS.ProcessEnv): Cluster {
  return {
    host: env.KUBERNETES_SERVICE_HOST ?? "kubernetes.default.svc",
    port: Number(env.KUBERNETES_SERVICE_PORT ?? 443),
    credentials: "/var/run/secrets/kubernetes.io/serviceaccount",
  };
}

/**
 * Reports to Kubernetes how many clients this pod has, so that a scale-down removes the pods with the fewest. The pod patches
 * itself, at most once a minute, and only if the number has changed. It does so without `@kubernetes/client-node`, which would
 * take 70 MB of memory for this one request.
 */
export class DeletionCost {
  /** Unknown at first: a container that restarts finds the number of the previous one in its pod. */
  #reported: number | undefined;
  #hasFailed = false;
  #reporting: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** @param clients how many clients the pod has */
  constructor(
    private readonly pod: string,
    private readonly clients: () => number,
    private readonly log: Logger,
    private readonly cluster: Cluster = thisCluster(process.env),
    private readonly everyMs = defaultEveryMs,
  ) {}

  start(): void {
    this.#timer ??= setInterval(() => {
      this.#reporting ??= this.#report().finally(() => (this.#reporting = undefined));
    }, this.everyMs).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #report(): Promise<void> {
    const clients = this.clients();
    if (clients === this.#reported) return;
    try {
      await this.#patch({ metadata: { annotations: { [annotation]: String(clients) } } });
      this.#reported = clients;
      this.#hasFailed = false;
    } catch (error) {
      const level = this.#hasFailed ? "debug" : "warn"; // it may fail every time
      this.#hasFailed = true;
      this.log[level]({ err: (error as Error).message }, "the deletion cost of this pod was not reported");
    }
  }

  async #patch(change: object): Promise<void> {
    const { host, port, credentials } = this.cluster;
    const read = (file: string) => readFile(join(credentials, file), "utf8");
    const [token, ca, namespace] = await Promise.all([read("token"), read("ca.crt"), read("namespace")]);
    const options = {
      ...{ host, port, ca, method: "PATCH" },
      path: `/api/v1/namespaces/${namespace.trim()}/pods/${this.pod}`,
      headers: { authorization: `Bearer ${token.trim()}`, "content-type": "application/merge-patch+json" },
      signal: AbortSignal.timeout(answerMs),
    };
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      request(options, resolve).on("error", reject).end(JSON.stringify(change));
    });
    const body = await text(response);
    if (response.statusCode !== 200) throw new Error(`HTTP ${response.statusCode}: ${body.slice(0, 300)}`);
  }
}
