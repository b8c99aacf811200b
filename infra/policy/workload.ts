import type * as k8s from "@kubernetes/client-node";
import {
  asKind,
  sameNamespace,
  type Resource,
  type PartialDeep,
  type ObjectOf,
  type StringMap,
} from "./resource";
import type { System } from "./system";

/** A resource that creates pods. */
export interface Workload {
  readonly resource: Resource;
  readonly object:
    | ObjectOf<"Deployment">
    | ObjectOf<"StatefulSet">
    | ObjectOf<"DaemonSet">
    | ObjectOf<"Job">
    | ObjectOf<"CronJob">
    | ObjectOf<"Pod">;
  readonly pod: PodTemplate;
}

interface PodTemplate {
  readonly labels: StringMap;
  readonly spec: PartialDeep<k8s.V1PodSpec>;
}

export interface ContainerOf extends Workload {
  readonly container: PartialDeep<k8s.V1Container>;
}

/** The resource as a workload, if it is one. */
export function* workloads(resource: Resource): Iterable<Workload> {
  const pod = asKind(resource, "Pod");
  if (pod?.spec !== undefined) {
    yield { resource, object: pod, pod: { labels: pod.metadata?.labels ?? {}, spec: pod.spec } };
    return;
  }
  const cron = asKind(resource, "CronJob");
  const object = cron ?? asKind(resource, "Deployment", "StatefulSet", "DaemonSet", "Job");
  const template = cron?.spec?.jobTemplate?.spec?.template ?? asTemplate(object);
  if (object === undefined || template?.spec === undefined) return;
  yield { resource, object, pod: { labels: template.metadata?.labels ?? {}, spec: template.spec } };
}

function asTemplate(object: object | undefined): PartialDeep<k8s.V1PodTemplateSpec> | undefined {
  return (object as { spec?: { template?: PartialDeep<k8s.V1PodTemplateSpec> } } | undefined)?.spec?.template;
}

/** Every container of the resource's pods, including init containers. */
export function* containers(resource: Resource): Iterable<ContainerOf> {
  for (const workload of workloads(resource)) {
    const { containers: main = [], initContainers = [] } = workload.pod.spec;
    for (const container of [...initContainers, ...main]) yield { ...workload, container };
  }
}

/** The resource as a workload, if its pods serve WebSockets. */
export function* webSocketWorkloads(resource: Resource, system: System): Iterable<Workload> {
  for (const workload of workloads(resource)) {
    if (hasLabels(workload.pod.labels, system.webSocketLabels)) yield workload;
  }
}

/** All WebSocket workloads of a system. */
export function allWebSocketWorkloads(system: System): Workload[] {
  return system.resources.flatMap((resource) => [...webSocketWorkloads(resource, system)]);
}

/** Only Deployments: they replace pods one by one, and so can keep capacity. */
export function* webSocketDeployments(
  resource: Resource,
  system: System,
): Iterable<Workload & { readonly object: ObjectOf<"Deployment"> }> {
  const object = asKind(resource, "Deployment");
  if (object === undefined) return;
  for (const workload of webSocketWorkloads(resource, system)) yield { ...workload, object };
}

/** The workloads whose pods the Service selects, if any of them serves WebSockets. */
export function webSocketWorkloadsOf(service: ObjectOf<"Service">, system: System): Workload[] {
  const { selector } = service.spec ?? {};
  if (selector === undefined || Object.keys(selector).length === 0) return [];
  return allWebSocketWorkloads(system).filter(
    ({ object, pod }) => sameNamespace(object, service) && hasLabels(pod.labels, selector),
  );
}

export function hasLabels(labels: StringMap, wanted: StringMap): boolean {
  return Object.entries(wanted).every(([name, value]) => labels[name] === value);
}

/** Whether a selector matches these labels. */
export function selects(selector: PartialDeep<k8s.V1LabelSelector> | undefined, labels: StringMap): boolean {
  if (selector === undefined) return false;
  return (
    hasLabels(labels, selector.matchLabels ?? {}) &&
    (selector.matchExpressions ?? []).every(({ key = "", operator, values = [] }) => {
      switch (operator) {
        case "In":
          return key in labels && values.includes(labels[key] ?? "");
        case "NotIn":
          return !(key in labels && values.includes(labels[key] ?? ""));
        case "Exists":
          return key in labels;
        default:
          return !(key in labels);
      }
    })
  );
}

/** The value of an environment variable that the pod template sets in plain text. */
function environmentValue({ pod }: Workload, name: string): string | undefined {
  const { containers: main = [] } = pod.spec;
  return main.flatMap(({ env = [] }) => env).find((entry) => entry.name === name)?.value;
}

/** The same as a whole number of seconds; undefined if it is not one. */
export function environmentSeconds(workload: Workload, name: string): number | undefined {
  return seconds(environmentValue(workload, name));
}

/** Converts digits, as annotations and environment variables hold times, to a number. */
export function seconds(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}
