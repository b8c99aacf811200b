import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findOnPath } from "../../../ops/process/path";
import { installCommands } from "../../../ops/packages/install";
import { redisServerBinary } from "../../../ops/redis/binary";
import { redisServer } from "../../../ops/redis/install";

describe("installCommands", () => {
  it("uses the system's packages as root", () => {
    const [update = [], install = []] = installCommands(redisServer, { isRoot: true, apt: true });
    expect(update.join(" ")).toBe("apt-get update");
    expect(install.at(-1)).toBe("redis-server");
  });

  it.each([
    ["there is no apt-get", { isRoot: true, apt: false }, "has no apt-get"],
    ["the user is not root", { isRoot: false, apt: true }, "sudo apt-get install redis-server"],
  ])("explains what to do if %s", (_title, machine, message) => {
    expect(() => installCommands(redisServer, machine)).toThrow(message);
  });
});

describe("findOnPath", () => {
  const directory = mkdtempSync(join(tmpdir(), "holdfast-path-"));
  afterAll(() => rmSync(directory, { recursive: true }));

  it("finds an executable and skips a plain file of that name", () => {
    const plain = mkdtempSync(join(directory, "plain-"));
    const good = mkdtempSync(join(directory, "good-"));
    writeFileSync(join(plain, "redis-server"), "");
    writeFileSync(join(good, "redis-server"), "", { mode: 0o755 });
    expect(findOnPath("redis-server", `${plain}::${good}`)).toBe(join(good, "redis-server"));
  });

  it("explains how to get Redis if there is none", () => {
    expect(() => redisServerBinary(directory)).toThrow("ops/redis/ensure.ts");
  });
});
