import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findOnPath } from "../../../ops/process/path";
import { installCommands } from "../../../ops/packages/install";
import { redisServerBinary } from "../../../ops/redis/binary";
import { redisServer } from "../../../ops/redis/install";

describe("installCommands", () => {
  it.each([
    ["root needs no sudo", { uid: 0, apt: true, sudo: false }, "apt-get update"],
    ["a user with sudo uses it", { uid: 1000, apt: true, sudo: true }, "sudo -n apt-get update"],
  ])("%s", (_title, machine, first) => {
    const [update = [], install = []] = installCommands(redisServer, machine);
    expect(update.join(" ")).toBe(first);
    expect(install.at(-1)).toBe("redis-server");
  });

  it.each([
    ["no apt-get", { uid: 0, apt: false, sudo: true }, "has no apt-get"],
    ["neither root nor sudo", { uid: 1000, apt: true, sudo: false }, "sudo apt-get install redis-server"],
  ])("says what to do where there is %s", (_title, machine, message) => {
    expect(() => installCommands(redisServer, machine)).toThrow(message);
  });
});

describe("findOnPath", () => {
  const directory = mkdtempSync(join(tmpdir(), "holdfast-path-"));
  afterAll(() => rmSync(directory, { recursive: true }));

  it("finds an executable and passes over a plain file of that name", () => {
    const plain = mkdtempSync(join(directory, "plain-"));
    const good = mkdtempSync(join(directory, "good-"));
    writeFileSync(join(plain, "redis-server"), "");
    writeFileSync(join(good, "redis-server"), "", { mode: 0o755 });
    expect(findOnPath("redis-server", `${plain}::${good}`)).toBe(join(good, "redis-server"));
  });

  it("says how to get Redis where there is none", () => {
    expect(() => redisServerBinary(directory)).toThrow("ops/redis/ensure.ts");
  });
});
