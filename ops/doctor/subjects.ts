import { selects } from "../local/manifest";
import { nameLabels, selectorLabels } from "../../infra/labels";
import type { NginxConfig } from "../../infra/components/edge/nginx/schema";
import type { Config, ServiceConfig } from "../../infra/config";
import type { Container, Deployment, Ingress, Pod, Service, Snapshot } from "./snapshot";

/** A service of the stack, with its objects in the cluster. */
export interface Subject {
  readonly config: ServiceConfig;
  readonly name: string;
  /** Undefined if it is not deployed. */
  readonly service: Service | undefined;
  readonly deployment: Deployment | undefined;
  /** Its pods, without terminating ones. */
  readonly pods: readonly Pod[];
  /** The Ingresses that route to it. */
  readonly ingresses: readonly Ingress[];
}

/** All services of the stack. */
export function subjects({ config, objects }: Snapshot): Subject[] {
  return config.services.map((service) => {
    const { name } = service;
    return {
      config: service,
      name,
      service: objects.services.find(({ metadata }) => metadata?.name === name),
      deployment: objects.deployments.find(({ metadata }) => metadata?.name === name),
      pods: objects.pods.filter((pod) => isOf(pod, service) && pod.metadata?.deletionTimestamp === undefined),
      ingresses: objects.ingresses.filter((ingress) => backendsOf(ingress).includes(name)),
    };
  });
}

/** The pods of an existing service have the labels of its owner. */
function isOf(pod: Pod, { name, existing }: ServiceConfig): boolean {
  return selects(existing === undefined ? selectorLabels(name) : nameLabels(name), pod.metadata?.labels);
}

/** The Services that an Ingress routes to. */
function backendsOf({ spec }: Ingress): string[] {
  const backends = [
    spec?.defaultBackend,
    ...(spec?.rules ?? []).flatMap(({ http }) => (http?.paths ?? []).map(({ backend }) => backend)),
  ];
  return [...new Set(backends.flatMap((backend) => backend?.service?.name ?? []))];
}

/** The part of the edge that Ingresses with nginx's annotations describe; undefined if there is none. */
export function ingressEdge({ edge }: Config): Pick<NginxConfig, "tls"> | undefined {
  if (edge.kind === "nginx") return edge;
  if (edge.kind === "nlb" && edge.targets === "nginx") return edge.nginx ?? {};
  return undefined;
}

/** An object's name for people: `Service messaging-service`. */
export function title(kind: string, object: { readonly metadata?: { readonly name?: string } }): string {
  return `${kind} ${object.metadata?.name ?? "without a name"}`;
}

export function isReady({ status }: Pod): boolean {
  return status?.conditions?.some(({ type, status: is }) => type === "Ready" && is === "True") ?? false;
}

/** The container that serves: the one with Holdfast's name, or else the first. */
export function serving(
  spec: { readonly containers: readonly Container[] } | undefined,
): Container | undefined {
  return spec?.containers.find(({ name }) => name === "app") ?? spec?.containers[0];
}

/** The plain values of a container's environment. */
export function environment(container: Container | undefined): Readonly<Record<string, string>> {
  return Object.fromEntries(
    (container?.env ?? []).flatMap(({ name, value }) => (value === undefined ? [] : [[name, value]])),
  );
}

/** The command that applies the stack again, and so reverts changes by hand. */
export function reapply({ stack }: Pick<Snapshot, "stack">): string {
  return `npm run up -- --stack ${stack} --refresh`;
}

/** A patch command that can be copied. */
export function patch(snapshot: Snapshot, kind: string, name: string, change: unknown): string {
  const namespace = snapshot.config.namespace.name;
  return `kubectl -n ${namespace} patch ${kind} ${name} --type merge -p '${JSON.stringify(change)}'`;
}
