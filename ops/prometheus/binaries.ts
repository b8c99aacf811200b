import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { findOnPath } from "../process/path";

/** The programs of Debian's package prometheus. */
export interface PrometheusBinaries {
  readonly prometheus: string;
  readonly promtool: string;
}

/**
 * The folder into which `npx tsx ops/prometheus/ensure.ts` unpacks them: it belongs to this user, is shared by all clones, and is
 * outside the system.
 */
export const prometheusHome = join(
  process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"),
  "holdfast",
  "prometheus",
);

/** Prometheus from the PATH, or unpacked earlier; undefined if it is not available. */
export function findPrometheus(
  path = `${process.env.PATH ?? ""}${delimiter}${join(prometheusHome, "usr/bin")}`,
): PrometheusBinaries | undefined {
  const [prometheus, promtool] = [findOnPath("prometheus", path), findOnPath("promtool", path)];
  return prometheus === undefined || promtool === undefined ? undefined : { prometheus, promtool };
}
