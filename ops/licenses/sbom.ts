import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";

/** The fields of a CycloneDX document that are read (https://cyclonedx.org/docs/1.5/json/). */
export interface Sbom {
  readonly metadata: { readonly component: { readonly "bom-ref": string } };
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
  readonly components: readonly {
    readonly "bom-ref": string;
    readonly name: string;
    readonly version: string;
    readonly licenses?: readonly {
      readonly license?: { readonly id?: string; readonly name?: string };
      readonly expression?: string;
    }[];
  }[];
}

/** A package in the image, or one whose code is in its bundles. */
export interface Shipped {
  readonly name: string;
  readonly version: string;
  /** The SPDX name or expression; empty if the package has none. */
  readonly license: string;
}

/** Licences that only require their text next to the code. For any other licence, a person decides and adds it here. */
const permitted: ReadonlySet<string> = new Set([
  "0BSD",
  "Apache-2.0",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "ISC",
  "MIT",
  "OFL-1.1", // fonts
  "Python-2.0", // argparse
  "Unlicense",
]);

const root = path.resolve(__dirname, "../..");

/** The software bill of materials of the image: the packages that the application's workspace needs to run, from the lockfile. */
export async function readSbom(): Promise<Sbom> {
  const { name, dependencies } = JSON.parse(await readFile(path.join(root, "app/package.json"), "utf8")) as {
    readonly name: string;
    readonly dependencies: Readonly<Record<string, string>>;
  };
  const args = ["sbom", "--package-lock-only", "--workspace", "app", "--sbom-format", "cyclonedx"];
  const { stdout } = await promisify(execFile)("npm", args, { cwd: root, maxBuffer: 16 * 2 ** 20 });
  return narrowed(JSON.parse(stdout) as Sbom, name, Object.keys(dependencies));
}

/**
 * Reduces a document to one workspace and its runtime dependencies. `npm sbom --omit dev` cannot do this: it omits packages that
 * the root of the repository needs only for tests, even if the workspace needs them to run (npm 11.19: ws, jose).
 */
function narrowed(sbom: Sbom, workspace: string, dependencies: readonly string[]): Sbom {
  const needs = new Map(sbom.dependencies.map(({ ref, dependsOn }) => [ref, dependsOn]));
  const isOf = (name: string) => (ref: string) => ref.slice(0, ref.lastIndexOf("@")) === name;
  const main = sbom.components.find((component) => isOf(workspace)(component["bom-ref"]));
  if (!main) throw new Error(`npm sbom names no ${workspace}; is it a workspace in package.json?`);
  const direct = dependencies.map((name) => {
    const ref = needs.get(main["bom-ref"])?.find(isOf(name));
    if (!ref) throw new Error(`npm sbom names no ${name}, which ${workspace} needs; run npm install`);
    return ref;
  });
  const kept = new Set(direct);
  for (const ref of kept) for (const next of needs.get(ref) ?? []) kept.add(next);
  return {
    ...sbom,
    metadata: { ...sbom.metadata, component: main },
    components: sbom.components.filter((component) => kept.has(component["bom-ref"])),
    dependencies: [
      { ref: main["bom-ref"], dependsOn: direct },
      ...sbom.dependencies.filter(({ ref }) => kept.has(ref)),
    ],
  };
}

/** The packages of a document by name and version, each once. */
export function shipped({ components }: Pick<Sbom, "components">): Shipped[] {
  const packages = components.map(({ name, version, licenses = [] }) => ({
    name,
    version,
    license: licenses
      .map(({ license, expression }) => expression ?? license?.id ?? license?.name ?? "")
      .join(" AND "),
  }));
  const unique = new Map(packages.map((one) => [`${one.name}@${one.version}`, one]));
  return [...unique.values()].sort(
    (a, b) => a.name.localeCompare(b.name) || a.version.localeCompare(b.version),
  );
}

/** Packages whose licence is not among {@link permitted}. */
export function refused(packages: readonly Shipped[]): Shipped[] {
  return packages.filter(({ license }) => !permitted.has(license));
}
