import type { V1Deployment, V1NetworkPolicy } from "@kubernetes/client-node";
import { componentLabels } from "../../../infra/labels";
import type { Deployment } from "../../local/manifest";
import type { KubernetesObject } from "../../render/render";
import { hostOf } from "./hosts";

/** One WebSocket service, as its Deployment describes it. */
export interface ServiceDescription {
  readonly name: string;
  /** The path prefix at the edge and of the application. */
  readonly path: string;
  /** How the service authenticates clients. */
  readonly auth: string;
  readonly image: string;
  readonly replicas: number;
  /** The selector of its pods. */
  readonly selector: Readonly<Record<string, string>>;
  /** The labels of its pods. */
  readonly labels: Readonly<Record<string, string>>;
}

/** A stack, as its configuration describes it or as the cluster runs it. */
export interface StackDescription {
  readonly namespace: string;
  readonly services: readonly ServiceDescription[];
  /** The host name that clients connect to; undefined if no Ingress or route names one. */
  readonly host: string | undefined;
}

/** A running stack. */
export interface LiveStack extends StackDescription {
  /** Names of the Deployments whose replicas a HorizontalPodAutoscaler sets. */
  readonly autoscaled: readonly string[];
  /** The names of the StatefulSets that hold sessions; empty if the store is elsewhere. */
  readonly stores: readonly string[];
  readonly policies: readonly V1NetworkPolicy[];
  /** For pulling the image of load pods. */
  readonly imagePullSecrets: readonly string[];
}

/** The cluster does not run what the stack's configuration describes. The message lists each difference. */
export class StackMismatchError extends Error {
  readonly code = "HOLDFAST_STACK_MISMATCH";
}

/** Describes a stack by its rendered manifests. */
export function describeManifests(objects: readonly KubernetesObject[]): StackDescription {
  const deployments = objects.filter(({ kind }) => kind === "Deployment") as unknown as Deployment[];
  const services = deployments
    .filter((each) => isWebSocketService(each) && isApplication(each))
    .map(describeDeployment);
  return {
    namespace: deployments[0]?.metadata?.namespace ?? "default",
    services,
    host: hostOf(objects),
  };
}

/**
 * Throws {@link StackMismatchError} unless the cluster runs the services of the configuration, with the same paths and the same
 * authentication. This detects a context of another cluster before anything is changed.
 *
 * @param isComplete whether the stack must have no other service
 */
export function expectSameStack(expected: StackDescription, live: LiveStack, isComplete: boolean): void {
  const differences = expected.services.flatMap(({ name, path, auth }) => {
    const found = live.services.find((service) => service.name === name);
    if (found === undefined) return [`there is no Deployment ${name} of a WebSocket service`];
    return [
      ...(found.path === path ? [] : [`${name} serves ${found.path}, the configuration has ${path}`]),
      ...(found.auth === auth
        ? []
        : [`${name} authenticates by ${found.auth}, the configuration has ${auth}`]),
    ];
  });
  const known = new Set(expected.services.map(({ name }) => name));
  const strangers = live.services.filter(({ name }) => !known.has(name)).map(({ name }) => name);
  if (isComplete && strangers.length > 0)
    differences.push(`the stack knows nothing of ${strangers.join(", ")}`);
  if (expected.host !== undefined && live.host !== undefined && expected.host !== live.host) {
    differences.push(`its Ingress or route is for ${live.host}, the configuration has ${expected.host}`);
  }
  if (differences.length === 0) return;
  throw new StackMismatchError(
    `namespace ${live.namespace} does not run this stack:\n${differences.map((line) => `  ${line}\n`).join("")}` +
      "Check --context, --stack and --namespace, and that the stack is deployed.",
  );
}

function isWebSocketService({ metadata }: Deployment): boolean {
  const wanted = Object.entries(componentLabels("websocket-service"));
  return wanted.every(([key, value]) => metadata?.labels?.[key] === value);
}

/** Whether it runs the Holdfast application: the rehearsal's clients speak its protocol, and neither your own image's nor a proxy's. */
export function isApplication({ spec }: Deployment | V1Deployment): boolean {
  const names = spec?.template.spec?.containers[0]?.env?.map(({ name }) => name) ?? [];
  return names.includes("SERVICE_PATH") && !names.includes("PROXY_MODE");
}

/** Describes a service by its Deployment, rendered or running. */
export function describeDeployment({ metadata, spec }: Deployment | V1Deployment): ServiceDescription {
  const [container] = spec?.template.spec?.containers ?? [];
  const env = (name: string) => container?.env?.find((variable) => variable.name === name)?.value;
  return {
    name: metadata?.name ?? "",
    path: env("SERVICE_PATH") ?? "",
    auth: env("AUTH_MODE") ?? "unknown",
    image: container?.image ?? "",
    replicas: spec?.replicas ?? 1,
    selector: spec?.selector.matchLabels ?? {},
    labels: spec?.template.metadata?.labels ?? {},
  };
}
