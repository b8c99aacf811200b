import { redisNames } from "../../../infra/components/session-store/redis/names";
import type { Api } from "../../kubernetes/api";
import { exec } from "../../kubernetes/exec";
import type { RedisFacts } from "../snapshot";

/** Read one by one, because CONFIG GET of everything would return the password. */
const settings = ["maxmemory", "maxmemory-policy", "appendonly", "appendfsync", "dir"];

/** Asks the running server, in its own container, where the environment has the password. */
export async function askRedis(api: Api, namespace: string): Promise<RedisFacts> {
  const container = { namespace, pod: `${redisNames.workload}-0`, container: "redis" };
  const config = await exec(api, container, ["redis-cli", "-e", "CONFIG", "GET", ...settings]);
  const info = await exec(api, container, ["redis-cli", "-e", "INFO", "everything"]);
  return { settings: pairs(config), info: fields(info) };
}

/** Names and values in turn, each on its own line. */
function pairs(text: string): Record<string, string> {
  const lines = text.split(/\r?\n/);
  return Object.fromEntries(
    lines.flatMap((name, index) => (index % 2 === 0 && name !== "" ? [[name, lines[index + 1] ?? ""]] : [])),
  );
}

/** `name:value` on each line. */
function fields(text: string): Record<string, string> {
  return Object.fromEntries(
    text.split(/\r?\n/).flatMap((line) => {
      const [, name, value] = /^(\w+):(.*)$/.exec(line) ?? [];
      return name === undefined || value === undefined ? [] : [[name, value]];
    }),
  );
}
