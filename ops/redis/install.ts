import { ensureProgram, type SystemProgram } from "../packages/install";

/** The package may start a server on port 6379. Holdfast never uses it. */
export const redisServer: SystemProgram = {
  names: ["redis-server"],
  debianPackage: "redis-server",
  requirement: "Redis 7.0 or newer",
};

/** The path of redis-server; see {@link ensureProgram}. */
export function ensureRedis(report: (line: string) => void): Promise<string> {
  return ensureProgram(redisServer, report);
}
