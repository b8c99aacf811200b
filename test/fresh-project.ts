import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { projectRoot } from "../ops/render/stacks";

const run = promisify(execFile);

/** The fields of a package.json that are read. */
export interface Manifest {
  readonly name: string;
  readonly private?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

/**
 * A project outside the repository with a workspace of this repository, installed as `npm pack` creates it. Next to it are links
 * to the packages in its package.json, and no others: an import that it does not declare is not found.
 */
export class FreshProject {
  private constructor(
    readonly folder: string,
    /** The path of the installed package. */
    readonly installed: string,
    readonly manifest: Manifest,
  ) {}

  /** @param more packages that the project itself installs */
  static async create(workspace: string, more: readonly string[] = []): Promise<FreshProject> {
    const folder = await mkdtemp(path.join(tmpdir(), "holdfast-project-"));
    const args = ["pack", "--workspace", workspace, "--pack-destination", folder, "--json"];
    await run("npm", args, { cwd: projectRoot, maxBuffer: 16 * 2 ** 20 });
    const [tarball = ""] = (await readdir(folder)).filter((name) => name.endsWith(".tgz"));
    await run("tar", ["--extract", "--file", tarball], { cwd: folder });
    const manifest = JSON.parse(
      await readFile(path.join(folder, "package/package.json"), "utf8"),
    ) as Manifest;
    const installed = path.join(folder, "node_modules", manifest.name);
    await mkdir(path.dirname(installed), { recursive: true });
    await run("mv", ["package", installed], { cwd: folder });
    for (const name of new Set([...declared(manifest), ...more])) await link(folder, workspace, name);
    return new FreshProject(folder, installed, manifest);
  }

  /** The packed files, relative to the package's folder, sorted. */
  async files(): Promise<string[]> {
    const entries = await readdir(this.installed, { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => path.relative(this.installed, path.join(parentPath, name)))
      .sort();
  }

  remove(): Promise<void> {
    return rm(this.folder, { recursive: true, force: true });
  }
}

/** The packages that npm would install with it. */
export function declared({ dependencies = {}, peerDependencies = {} }: Manifest): string[] {
  return [...Object.keys(dependencies), ...Object.keys(peerDependencies)];
}

/** npm puts a workspace's package into the root, or into the workspace if the root has another version. */
async function link(folder: string, workspace: string, name: string): Promise<void> {
  const places = [workspace, "."].map((place) => path.join(projectRoot, place, "node_modules", name));
  const target = places.find(existsSync);
  if (target === undefined) throw new Error(`${name} is not installed; run npm ci`);
  const at = path.join(folder, "node_modules", name);
  await mkdir(path.dirname(at), { recursive: true });
  await symlink(target, at);
}
