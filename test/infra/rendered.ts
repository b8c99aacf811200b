import { inspect } from "node:util";
import type { KubernetesObject } from "../../ops/render/kubernetes-object";
import { renderStack, type RenderOptions } from "../../ops/render/render";

/** The first use of each of Pulumi's SDKs loads it, which takes seconds on a busy machine. */
jest.setTimeout(120_000);

/** Realistic values for every secret, each different and long enough for its schema. */
export const generated = (name: string): string =>
  name === "redisUrl" ? "redis://cache.example:6379" : `${name}-${"x".repeat(40)}`;

/** The same text for the same values, including undefined ones. */
export function keyOf(...values: readonly unknown[]): string {
  return inspect(values, { depth: null, maxArrayLength: null, maxStringLength: null });
}

const renderings = new Map<string, Promise<KubernetesObject[]>>();

/** The objects of a stack, new each time; each stack with its overrides is rendered once for each test file. */
export async function rendered(
  stack: string,
  overrides: RenderOptions["overrides"] = {},
): Promise<KubernetesObject[]> {
  const key = keyOf(stack, overrides);
  const rendering = renderings.get(key) ?? renderStack(stack, { overrides, secrets: generated });
  renderings.set(key, rendering);
  return structuredClone(await rendering);
}

interface EnvVar {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: {
    readonly fieldRef?: { readonly fieldPath: string };
    readonly secretKeyRef?: { readonly name: string; readonly key: string };
  };
}

/** A Deployment or StatefulSet, with the fields that tests read. */
export interface Workload {
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly replicas?: number;
    readonly template: {
      readonly spec: {
        readonly containers: readonly [
          {
            readonly image: string;
            readonly env: readonly EnvVar[];
            readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
          },
        ];
      };
    };
  };
}

export function workloads(
  objects: readonly KubernetesObject[],
  kind: "Deployment" | "StatefulSet",
): Workload[] {
  return objects.filter((object) => object.kind === kind) as unknown as Workload[];
}

/** The environment of a workload's container, as the kubelet would create it. */
export function environmentOf(
  workload: Workload,
  objects: readonly KubernetesObject[],
): Record<string, string> {
  const { env } = workload.spec.template.spec.containers[0];
  return Object.fromEntries(env.map((entry) => [entry.name, valueOf(entry, workload, objects)]));
}

function valueOf(
  { name, value, valueFrom }: EnvVar,
  workload: Workload,
  objects: readonly KubernetesObject[],
): string {
  if (value !== undefined) return value;
  if (valueFrom?.fieldRef?.fieldPath === "metadata.name") return `${workload.metadata.name}-abcde`;
  // The label that the Deployment's controller gives to the pods of a template.
  if (valueFrom?.fieldRef?.fieldPath === "metadata.labels['pod-template-hash']") return "5d4f8c7b9";
  const reference = valueFrom?.secretKeyRef;
  const secret = objects.find(
    (object) => object.kind === "Secret" && object.metadata.name === reference?.name,
  ) as unknown as { stringData: Record<string, string> } | undefined;
  const found = secret?.stringData[reference?.key ?? ""];
  if (found === undefined) throw new Error(`${name} of ${workload.metadata.name} refers to nothing`);
  return found;
}
