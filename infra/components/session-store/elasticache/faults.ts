import { fault, type Fault } from "../../../fault";
import type { ElastiCacheConfig } from "./schema";

const key = (name: string) => `sessionStore.${name}`;

/** What contradicts itself in the store, before AWS says so after twenty minutes. */
export function elasticacheFaults(config: ElastiCacheConfig): Fault[] {
  return [
    ...versionFaults(config),
    ...nodeFaults(config),
    ...replicaFaults(config),
    ...clientFaults(config.clients, "clients"),
    ...windowFaults(config),
    ...secondaryFaults(config),
  ];
}

/** Sharded pub/sub, which live messages go by, came with Redis 7; Valkey began at 7.2. */
function versionFaults({ engine, engineVersion }: ElastiCacheConfig): Fault[] {
  const [major = 0, minor = 0] = engineVersion.split(".").map(Number);
  const known = engine === "redis" ? major === 7 : major > 7 || (major === 7 && minor >= 2);
  if (known) return [];
  const allowed = engine === "redis" ? "7.0 or 7.1 for engine redis" : "7.2 or newer for engine valkey";
  return [fault(key("engineVersion"), engineVersion, allowed)];
}

/** Tiered nodes keep what is idle on a disk: the next message of a quiet room would wait for it. */
function nodeFaults({ nodeType }: ElastiCacheConfig): Fault[] {
  return nodeType.startsWith("cache.r6gd.")
    ? [fault(key("nodeType"), nodeType, "a node type without data tiering, such as cache.r7g.large")]
    : [];
}

function replicaFaults({ multiAz, replicas }: ElastiCacheConfig): Fault[] {
  if (!multiAz || replicas > 0) return [];
  return [fault(key("replicas"), replicas, "at least 1, since multiAz needs a node to fail over to")];
}

function clientFaults(
  { securityGroupIds, cidrs }: ElastiCacheConfig["clients"],
  name: "clients" | "secondary.clients",
): Fault[] {
  if (securityGroupIds.length + cidrs.length > 0) return [];
  return [fault(key(name), "nobody", "securityGroupIds or cidrs of the pods, or nobody reaches the store")];
}

/** AWS wants an hour or more for each, and refuses a snapshot inside the maintenance. */
function windowFaults({ maintenanceWindow, snapshots }: ElastiCacheConfig): Fault[] {
  const maintenance = weeklyMinutes(maintenanceWindow);
  const snapshot = dailyMinutes(snapshots.window);
  const faults = [
    ...shortFaults(key("maintenanceWindow"), maintenanceWindow, maintenance),
    ...shortFaults(key("snapshots.window"), snapshots.window, snapshot),
  ];
  if (snapshots.retentionDays > 0 && overlap(maintenance, snapshot)) {
    const allowed = `a window outside maintenanceWindow (${maintenanceWindow})`;
    faults.push(fault(key("snapshots.window"), snapshots.window, allowed));
  }
  return faults;
}

/** From and to, in minutes; to lies behind from, if need be in the next day or week. */
interface Span {
  readonly from: number;
  readonly to: number;
}

const day = 24 * 60;
const days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

function weeklyMinutes(window: string): Span {
  const [from = 0, to = 0] = window.split("-").map((end) => {
    const name = end.slice(0, 3);
    return days.indexOf(name) * day + clock(end.slice(4));
  });
  return { from, to: to > from ? to : to + 7 * day };
}

function dailyMinutes(window: string): Span {
  const [from = 0, to = 0] = window.split("-").map(clock);
  return { from, to: to > from ? to : to + day };
}

function clock(time: string): number {
  const [hours = 0, minutes = 0] = time.split(":").map(Number);
  return hours * 60 + minutes;
}

function shortFaults(path: string, window: string, { from, to }: Span): Fault[] {
  return to - from >= 60 ? [] : [fault(path, window, "a window of 60 minutes or more")];
}

/** Whether the daily span meets the weekly one on any of its days. */
function overlap(weekly: Span, daily: Span): boolean {
  return Array.from({ length: 15 }, (_, i) => (i - 1) * day).some(
    (offset) => daily.from + offset < weekly.to && weekly.from < daily.to + offset,
  );
}

/**
 * What AWS asks of a global datastore:
 * https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/Redis-Global-Datastores-Getting-Started.html
 */
function secondaryFaults({ secondary, nodeType, multiAz }: ElastiCacheConfig): Fault[] {
  if (secondary === undefined) return [];
  const faults = clientFaults(secondary.clients, "secondary.clients");
  if (nodeType.startsWith("cache.t")) {
    faults.push(fault(key("nodeType"), nodeType, "an m5, r5 or newer type, since secondary is set"));
  }
  if (!multiAz) faults.push(fault(key("multiAz"), false, "true, since secondary is set"));
  return faults;
}
