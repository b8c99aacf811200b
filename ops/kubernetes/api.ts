import { request, type RequestOptions } from "node:https";
import { request as plainRequest } from "node:http";
import { KubeConfig } from "@kubernetes/client-node";

/** The longest time for an answer of the API server. Milliseconds. */
const answerMs = 20_000;

/** There is no cluster: no configuration, no such context, or no answer. The message says what to do. */
class NoClusterError extends Error {
  readonly code = "HOLDFAST_NO_CLUSTER";
}

/** The API server refused. The message contains its own text. */
export class ApiError extends Error {
  readonly code = "HOLDFAST_KUBERNETES_API";

  constructor(
    readonly path: string,
    readonly status: number,
    detail: string,
  ) {
    super(`${path}: ${status} ${detail}`);
  }
}

/** The API server of one cluster from a kubeconfig. */
export interface Api {
  readonly config: KubeConfig;
  /** The name of the context in the configuration. */
  readonly context: string;
}

/**
 * Finds the cluster of a context: from KUBECONFIG, from the configuration in the home directory, or the cluster of this pod.
 *
 * @param context default: the configuration's current context Throws {@link NoClusterError}.
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
  // Without any configuration, the library assumes a proxy on this machine. The error would then say that the cluster is down.
  if (config.getCurrentContext() === "loaded-context" && process.env.KUBECONFIG === undefined) {
    throw new NoClusterError("found no kubeconfig; set KUBECONFIG, or create ~/.kube/config");
  }
  return { config, context: config.getCurrentContext() };
}

/**
 * GETs a path such as `/api/v1/namespaces`; the caller says which type it returns. Throws {@link ApiError} for an answer that is
 * not a success, and {@link NoClusterError} without an answer.
 */
export async function get<T>({ config, context }: Api, path: string): Promise<T> {
  const server = config.getCurrentCluster()?.server;
  if (server === undefined) throw new NoClusterError(`the context ${context} has no cluster`);
  const url = new URL(server.replace(/\/$/, "") + path);
  const options: RequestOptions = { headers: { accept: "application/json" }, timeout: answerMs };
  await config.applyToHTTPSOptions(options);
  const { status, body } = await fetchText(url, options).catch((cause: unknown) => {
    const detail = cause instanceof Error && cause.message !== "" ? cause.message : String(cause);
    throw new NoClusterError(`the API server of ${context} (${server}) does not answer: ${detail}`, {
      cause,
    });
  });
  if (status !== 200) throw new ApiError(path, status, messageOf(body));
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

/** The API server explains an error by a Status object; a proxy in front of it may send anything. */
function messageOf(body: string): string {
  try {
    return (JSON.parse(body) as { message?: string }).message ?? "";
  } catch {
    return body.slice(0, 200).trim();
  }
}
