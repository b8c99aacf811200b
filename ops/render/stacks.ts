import { readdirSync } from "node:fs";
import path from "node:path";

/** Where Pulumi.yaml is. */
export const projectRoot = path.resolve(__dirname, "../..");

/** Every stack that has a file, by the alphabet. */
export function stacks(): string[] {
  return readdirSync(projectRoot)
    .flatMap((file) => /^Pulumi\.([\w-]+)\.yaml$/.exec(file)?.[1] ?? [])
    .sort();
}

/** A rendering that is kept golden: a stack, and what of it is set otherwise to show what no stack uses. */
export interface GoldenCase {
  readonly name: string;
  readonly stack: string;
  readonly overrides?: Readonly<Record<string, unknown>>;
}

/** Every stack as it is, and `staging` with holders of each kind. */
export function goldenCases(): GoldenCase[] {
  return [
    ...stacks().map((stack) => ({ name: stack, stack })),
    {
      name: "staging-held",
      stack: "staging",
      overrides: {
        services: [
          { name: "messaging-service", path: "/messaging", replicas: 3, holder: { mode: "holdfast" } },
          {
            name: "partner-service",
            path: "/partner",
            image: "registry.example/partner:1.4.2",
            holder: {
              mode: "at-least-once",
              autoscaling: { minReplicas: 2, maxReplicas: 6, connectionsPerPod: 5_000 },
              trustedHops: ["10.0.0.0/8"],
              finalCloseCodes: "1000,4000-4999",
            },
          },
        ],
      },
    },
  ];
}

/** The manifests of a stack as they were last read and found right. */
export function goldenFile(stack: string): string {
  return path.join(projectRoot, "test/golden", `${stack}.yaml`);
}
