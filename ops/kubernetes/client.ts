import {
  ApiException,
  AppsV1Api,
  AutoscalingV2Api,
  CoreV1Api,
  CustomObjectsApi,
  type KubeConfig,
  NetworkingV1Api,
} from "@kubernetes/client-node";
import { connect } from "./api";

/** The API server did not do what it was asked; the message has its own words, `status` its answer (0 for none). */
export class KubernetesError extends Error {
  readonly code = "HOLDFAST_KUBERNETES";

  constructor(
    what: string,
    readonly status: number,
    words: string,
    options: ErrorOptions,
  ) {
    super(`cannot ${what}: ${words}`, options);
  }
}

/** One cluster, as a KUBECONFIG knows it. */
export interface KubernetesClient {
  readonly config: KubeConfig;
  /** What the configuration calls it. */
  readonly context: string;
  /** The API server's URL. */
  readonly server: string;
  readonly core: CoreV1Api;
  readonly apps: AppsV1Api;
  readonly autoscaling: AutoscalingV2Api;
  readonly networking: NetworkingV1Api;
  /** For kinds that Kubernetes itself does not know. */
  readonly custom: CustomObjectsApi;
}

/**
 * The cluster of a context: of KUBECONFIG, or of the home directory's configuration. Asks nothing yet.
 *
 * @param wanted the context; default: the configuration's current one
 * Throws {@link NoClusterError}.
 */
export function openCluster(wanted?: string): KubernetesClient {
  const { config, context } = connect(wanted);
  return {
    config,
    context,
    server: config.getCurrentCluster()?.server ?? "",
    core: config.makeApiClient(CoreV1Api),
    apps: config.makeApiClient(AppsV1Api),
    autoscaling: config.makeApiClient(AutoscalingV2Api),
    networking: config.makeApiClient(NetworkingV1Api),
    custom: config.makeApiClient(CustomObjectsApi),
  };
}

/**
 * The outcome of a request. Rejects with a {@link KubernetesError} that begins with what could not be done.
 *
 * @param what such as `delete pod redis-0`
 */
export async function ask<T>(what: string, request: Promise<T>): Promise<T> {
  try {
    return await request;
  } catch (cause) {
    if (cause instanceof ApiException) {
      throw new KubernetesError(what, cause.code, wordsOf(cause.body), { cause });
    }
    const { message = "", code } = cause as { message?: string; code?: string };
    throw new KubernetesError(what, 0, message === "" ? (code ?? String(cause)) : message, { cause });
  }
}

/** The same for what may not be there: undefined then. */
export async function askIfThere<T>(what: string, request: Promise<T>): Promise<T | undefined> {
  try {
    return await ask(what, request);
  } catch (error) {
    if (error instanceof KubernetesError && error.status === 404) return undefined;
    throw error;
  }
}

/** The API server explains itself by a Status object; a proxy before it by anything. */
function wordsOf(body: unknown): string {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  try {
    return (JSON.parse(text) as { message?: string }).message ?? text;
  } catch {
    return text.slice(0, 200).trim();
  }
}
