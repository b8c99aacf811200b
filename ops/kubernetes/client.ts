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

/** A request to the API server failed. The message contains its own text, and `status` its answer (0 without an answer). */
export class KubernetesError extends Error {
  readonly code = "HOLDFAST_KUBERNETES";

  constructor(
    what: string,
    readonly status: number,
    detail: string,
    options: ErrorOptions,
  ) {
    super(`cannot ${what}: ${detail}`, options);
  }
}

/** One cluster from a kubeconfig. */
export interface KubernetesClient {
  readonly config: KubeConfig;
  /** The name of the context in the configuration. */
  readonly context: string;
  /** The API server's URL. */
  readonly server: string;
  readonly core: CoreV1Api;
  readonly apps: AppsV1Api;
  readonly autoscaling: AutoscalingV2Api;
  readonly networking: NetworkingV1Api;
  /** For custom kinds. */
  readonly custom: CustomObjectsApi;
}

/**
 * The cluster of a context, from KUBECONFIG or the configuration in the home directory. Sends no request.
 *
 * @param wanted the context; default: the configuration's current one Throws {@link NoClusterError}.
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
 * The result of a request. Rejects with a {@link KubernetesError} whose message begins with what failed.
 *
 * @param what for example `delete pod redis-0`
 */
export async function ask<T>(what: string, request: Promise<T>): Promise<T> {
  try {
    return await request;
  } catch (cause) {
    if (cause instanceof ApiException) {
      throw new KubernetesError(what, cause.code, messageOf(cause.body), { cause });
    }
    const { message = "", code } = cause as { message?: string; code?: string };
    throw new KubernetesError(what, 0, message === "" ? (code ?? String(cause)) : message, { cause });
  }
}

/** The same for an object that may not exist; undefined if it does not. */
export async function askIfExists<T>(what: string, request: Promise<T>): Promise<T | undefined> {
  try {
    return await ask(what, request);
  } catch (error) {
    if (error instanceof KubernetesError && error.status === 404) return undefined;
    throw error;
  }
}

/** The API server explains an error by a Status object; a proxy in front of it may send anything. */
function messageOf(body: unknown): string {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  try {
    return (JSON.parse(text) as { message?: string }).message ?? text;
  } catch {
    return text.slice(0, 200).trim();
  }
}
