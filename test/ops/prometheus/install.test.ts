import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findPrometheus } from "../../../ops/prometheus/binaries";
import { updateCommand } from "../../../ops/prometheus/install";

describe("updateCommand", () => {
  it("updates apt's lists as root", () => {
    expect(updateCommand({ isRoot: true }).join(" ")).toBe("apt-get update");
  });

  it("explains what to do for other users", () => {
    expect(() => updateCommand({ isRoot: false })).toThrow("sudo apt-get update");
  });
});

describe("findPrometheus", () => {
  const directory = mkdtempSync(join(tmpdir(), "holdfast-path-"));
  afterAll(() => rmSync(directory, { recursive: true }));

  it("requires both programs", () => {
    writeFileSync(join(directory, "prometheus"), "", { mode: 0o755 });
    expect(findPrometheus(directory)).toBeUndefined();
    writeFileSync(join(directory, "promtool"), "", { mode: 0o755 });
    expect(findPrometheus(directory)).toEqual({
      prometheus: join(directory, "prometheus"),
      promtool: join(directory, "promtool"),
    });
  });
});
