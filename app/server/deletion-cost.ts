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

/** How long to wait for an answer of the API server. After that, the next turn tries again. Milliseconds. */
const answerMs = 10_000;

/** The API server of the pod's cluster, and the credentials for it. https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/ */
export interface Cluster {
  readonly host: string;
  readonly port: number;
  /** The folder with the files `token`, `ca.crt` and `namespace`. The kubelet renews `token`. */
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
 * Writes the number of this pod's clients into its deletion cost, so that a scale-down removes the pods with the fewest clients.
 * The pod patches itself at most once a minute, and only if the number has changed. The request is plain HTTPS, because
 * `@kubernetes/client-node` takes 70 MB of memory.
 */
export class DeletionCost {
  /** Undefined until the first report, because after a restart of the container the pod still has the previous number. */
  #reported: number | undefined;
  #hasFailed = false;
  #reporting: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** @param clients returns the number of clients of the pod */
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
      const level = this.#hasFailed ? "debug" : "warn"; // a permanent failure must not fill the log
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
