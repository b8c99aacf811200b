import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { refused, shipped, type Sbom } from "../../../ops/licenses/sbom";

const root = path.resolve(__dirname, "../../..");

let sbom: Sbom;
beforeAll(async () => {
  const args = ["run", "--silent", "sbom"];
  sbom = JSON.parse((await promisify(execFile)("npm", args, { cwd: root })).stdout) as Sbom;
});

describe("npm run sbom", () => {
  it("is for the application, and everything in it exists", () => {
    expect(sbom).toMatchObject({
      bomFormat: "CycloneDX",
      metadata: { component: { "bom-ref": "@holdfast/app@0.1.0" } },
    });
    const refs = new Set(sbom.components.map((component) => component["bom-ref"]));
    expect(sbom.dependencies.flatMap(({ dependsOn }) => dependsOn).filter((ref) => !refs.has(ref))).toEqual(
      [],
    );
  });

  it("names every package that the application depends on, in the version of the lockfile", () => {
    const { dependencies } = JSON.parse(readFileSync(path.join(root, "app/package.json"), "utf8")) as {
      dependencies: Record<string, string>;
    };
    const lock = JSON.parse(readFileSync(path.join(root, "package-lock.json"), "utf8")) as {
      packages: Record<string, { version?: string }>;
    };
    const known = new Set(shipped(sbom).map(({ name, version }) => `${name}@${version}`));
    for (const name of Object.keys(dependencies)) {
      const { version } =
        lock.packages[`app/node_modules/${name}`] ?? lock.packages[`node_modules/${name}`] ?? {};
      expect(known).toContain(`${name}@${version}`);
    }
  });

  it("contains nothing of the tests and of Pulumi", () => {
    const names = shipped(sbom).map(({ name }) => name);
    expect(names.filter((name) => /pulumi|jest|typescript|esbuild|playwright/.test(name))).toEqual([]);
  });

  it("has only licences that are permitted", () => {
    expect(refused(shipped(sbom))).toEqual([]);
  });
});

describe("npm run licenses", () => {
  it("prints a line for each package", async () => {
    const { stdout } = await promisify(execFile)("npm", ["run", "--silent", "licenses"], { cwd: root });
    for (const { name, version, license } of shipped(sbom)) {
      expect(stdout).toMatch(new RegExp(`${name} +│ ${version} +│ ${license} `.replaceAll(".", "\\.")));
    }
  });

  it.each([
    ["one that is not on the list", [{ license: { id: "GPL-3.0-only" } }], "GPL-3.0-only"],
    ["one of two that is not on the list", [{ expression: "MIT AND GPL-2.0-only" }], "MIT AND GPL-2.0-only"],
    ["none", undefined, ""],
  ])("refuses a package with %s", (_what, licenses, license) => {
    const component = { "bom-ref": "a@1.0.0", name: "a", version: "1.0.0", ...(licenses && { licenses }) };
    const packages = shipped({ components: [component, component] });
    expect(refused(packages)).toEqual([{ name: "a", version: "1.0.0", license }]);
  });
});
