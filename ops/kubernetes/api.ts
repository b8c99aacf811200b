import { request, type RequestOptions } from "node:https";
import { request as plainRequest } from "node:http";
import { KubeConfig } from "@kubernetes/client-node";

/** How long the API server may take for one answer. Milliseconds. */
const answerMs = 20_000;

/** There is no cluster to ask: no configuration, no such context, or nobody answers. The message says what to do. */
class NoClusterError extends Error {
  readonly code = "HOLDFAST_NO_CLUSTER";
}

/** The API server refused, with its own words. */
export class ApiError extends Error {
  readonly code = "HOLDFAST_KUBERNETES_API";

  constructor(
    readonly path: string,
    readonly status: number,
    words: string,
  ) {
    super(`${path}: ${status} ${words}`);
  }
}

/** The API server of one cluster, as a KUBECONFIG knows it. */
export interface Api {
  readonly config: KubeConfig;
  /** What the configuration calls it. */
  readonly context: string;
}

/**
 * Finds the cluster of a context: of KUBECONFIG, of the home directory's configuration, or the one that this pod is in.
 *
 * @param context default: the configuration's current one
 * Throws {@link NoClusterError}.
 */
export function connect(context?: string): Api {
  const config = new KubeConfig();
  config.loadFromDefault();
  const known = config.getContexts().map(({ name }) => name);
  if (context !== undefined) {
    if (!known.includes(context)) {
      throw new NoClusterError(`there is no context ${context}; the configuration has ${known.join(", ")}`);
    }
    config.setCurrentContext(context);
  }
  // With nothing configured, the library assumes a proxy on this machine, which would be told as a cluster that is down.
  if (config.getCurrentContext() === "loaded-context" && process.env.KUBECONFIG === undefined) {
    throw new NoClusterError("found no kubeconfig; set KUBECONFIG, or create ~/.kube/config");
  }
  return { config, context: config.getCurrentContext() };
}

/**
 * One GET of a path such as `/api/v1/namespaces`; what comes is as the caller says.
 * Throws {@link ApiError} for an answer that is no success and {@link NoClusterError} for none.
 */
export async function get<T>({ config, context }: Api, path: string): Promise<T> {
  const server = config.getCurrentCluster()?.server;
  if (server === undefined) throw new NoClusterError(`the context ${context} has no cluster`);
  const url = new URL(server.replace(/\/$/, "") + path);
  const options: RequestOptions = { headers: { accept: "application/json" }, timeout: answerMs };
  await config.applyToHTTPSOptions(options);
  const { status, body } = await fetchText(url, options).catch((cause: unknown) => {
    const words = cause instanceof Error && cause.message !== "" ? cause.message : String(cause);
    throw new NoClusterError(`the API server of ${context} (${server}) does not answer: ${words}`, { cause });
  });
  if (status !== 200) throw new ApiError(path, status, wordsOf(body));
  return JSON.parse(body) as T;
}

function fetchText(url: URL, options: RequestOptions): Promise<{ status: number; body: string }> {
  const send = url.protocol === "http:" ? plainRequest : request;
  return new Promise((resolve, reject) => {
    const sent = send(url, options, (answer) => {
      let body = "";
      answer.setEncoding("utf8").on("data", (text: string) => (body += text));
      answer.on("end", () => resolve({ status: answer.statusCode ?? 0, body }));
      answer.on("error", reject);
    });
    sent.on("timeout", () => sent.destroy(new Error(`no answer in ${answerMs / 1_000} s`)));
    sent.on("error", reject);
    sent.end();
  });
}

/** The API server explains itself by a Status object; a proxy before it by anything. */
function wordsOf(body: string): string {
  try {
    return (JSON.parse(body) as { message?: string }).message ?? "";
  } catch {
    return body.slice(0, 200).trim();
  }
}
