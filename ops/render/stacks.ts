import { existsSync, readdirSync } from "node:fs";
import path from "node:path";

/** Where Pulumi.yaml is. */
export const projectRoot = path.resolve(__dirname, "../..");

/** Where stack files to copy from are, one for each kind of edge. */
const exampleFolder = "examples";

/** Every stack that has a file, by the alphabet. */
export function stacks(): string[] {
  return stackFiles(projectRoot);
}

/** Every example, by the alphabet. */
export function examples(): string[] {
  return stackFiles(path.join(projectRoot, exampleFolder));
}

function stackFiles(folder: string): string[] {
  return readdirSync(folder)
    .flatMap((file) => /^Pulumi\.([\w-]+)\.yaml$/.exec(file)?.[1] ?? [])
    .sort();
}

/** A rendering that is kept golden: a stack, and what of it is set otherwise to show what no stack uses. */
export interface GoldenCase {
  readonly name: string;
  readonly stack: string;
  readonly overrides?: Readonly<Record<string, unknown>>;
}

/** Every stack and every example as it is, and `staging` with holders of each kind. */
export function goldenCases(): GoldenCase[] {
  return [
    ...[...stacks(), ...examples()].map((stack) => ({ name: stack, stack })),
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

/** The file of a stack, from the project's root: an example's only if no stack has that name. */
export function stackFile(stack: string): string {
  const file = `Pulumi.${stack}.yaml`;
  const example = path.join(exampleFolder, file);
  const isExample = !existsSync(path.join(projectRoot, file)) && existsSync(path.join(projectRoot, example));
  return isExample ? example : file;
}

/** The manifests of a stack as they were last read and found right. */
export function goldenFile(stack: string): string {
  const folder = path.dirname(stackFile(stack));
  return path.join(projectRoot, "test/golden", folder, `${stack}.yaml`);
}
