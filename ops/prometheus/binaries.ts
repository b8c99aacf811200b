import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { findOnPath } from "../process/path";

/** The programs of Debian's package prometheus. */
export interface PrometheusBinaries {
  readonly prometheus: string;
  readonly promtool: string;
}

/** Where `npx tsx ops/prometheus/ensure.ts` unpacks them: of this user, for all clones, outside the system. */
export const prometheusHome = join(
  process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"),
  "holdfast",
  "prometheus",
);

/** Prometheus from the PATH, or as it was unpacked before; undefined where it is not to be had. */
export function findPrometheus(
  path = `${process.env.PATH ?? ""}${delimiter}${join(prometheusHome, "usr/bin")}`,
): PrometheusBinaries | undefined {
  const [prometheus, promtool] = [findOnPath("prometheus", path), findOnPath("promtool", path)];
  return prometheus === undefined || promtool === undefined ? undefined : { prometheus, promtool };
}
