import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";

const app = path.resolve(__dirname, "../../app");

/** Majors with long-term support at the end of 2026: https://github.com/nodejs/release#release-schedule */
const supported = ["22", "24"];

describe("the image", () => {
  it("has a supported Node.js in every stage, the same, by its full version", async () => {
    const dockerfile = await readFile(path.join(app, "Dockerfile"), "utf8");
    const bases = [...dockerfile.matchAll(/^FROM (\S+)/gm)].map(([, base = ""]) => base);
    expect(bases.length).toBe(2);
    expect(new Set(bases).size).toBe(1);
    const [, major] =
      /^node:(\d+)\.\d+\.\d+-bookworm-slim(?:@sha256:[0-9a-f]{64})?$/.exec(bases[0] ?? "") ?? [];
    expect(supported).toContain(major);
  });

  it("gets its base by digest from Renovate, which updates it", async () => {
    const { extends: presets } = JSON.parse(await readFile(path.join(app, "../renovate.json"), "utf8")) as {
      extends: string[];
    };
    expect(presets).toContain("docker:pinDigests");
  });

  it("contains no source maps: bundles, .proto files and the page, in a few megabytes", async () => {
    const out = await mkdtemp(path.join(tmpdir(), "holdfast-image-"));
    try {
      await promisify(execFile)(process.execPath, [path.join(app, "build.mjs"), "server", out]);
      const files = (await readdir(out, { recursive: true, withFileTypes: true })).filter((file) =>
        file.isFile(),
      );
      const paths = files.map(({ parentPath, name }) => path.join(parentPath, name));
      expect(paths).toContain(path.join(out, "main.js"));
      expect(paths.filter((file) => file.endsWith(".map"))).toEqual([]);
      for (const file of paths.filter((name) => /\.m?js$/.test(name))) {
        expect(await readFile(file, "utf8")).not.toMatch(/^\/\/# sourceMappingURL=/m);
      }
      const sizes = await Promise.all(paths.map(async (file) => (await stat(file)).size));
      expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(8 * 2 ** 20);
    } finally {
      await rm(out, { recursive: true });
    }
  }, 60_000);
});
