import { issue, type ConfigIssue } from "../../../config/issue";
import type { ElastiCacheValues } from "./schema";

const key = (name: string) => `sessionStore.${name}`;

/** Finds contradictions in the store's configuration; AWS would report them only after twenty minutes. */
export function elasticacheIssues(config: ElastiCacheValues): ConfigIssue[] {
  return [
    ...versionIssues(config),
    ...nodeIssues(config),
    ...replicaIssues(config),
    ...clientIssues(config.clients, "clients"),
    ...windowIssues(config),
    ...secondaryIssues(config),
  ];
}

/** Live messages use sharded pub/sub, which came with Redis 7; Valkey began at 7.2. */
function versionIssues({ engine, engineVersion }: ElastiCacheValues): ConfigIssue[] {
  const [major = 0, minor = 0] = engineVersion.split(".").map(Number);
  const known = engine === "redis" ? major === 7 : major > 7 || (major === 7 && minor >= 2);
  if (known) return [];
  const expected = engine === "redis" ? "7.0 or 7.1 for engine redis" : "7.2 or newer for engine valkey";
  return [issue(key("engineVersion"), engineVersion, expected)];
}

/** Nodes with data tiering keep idle data on disk: the next message of a quiet room would wait for it. */
function nodeIssues({ nodeType }: ElastiCacheValues): ConfigIssue[] {
  return nodeType.startsWith("cache.r6gd.")
    ? [issue(key("nodeType"), nodeType, "a node type without data tiering, such as cache.r7g.large")]
    : [];
}

function replicaIssues({ multiAz, replicas }: ElastiCacheValues): ConfigIssue[] {
  if (!multiAz || replicas > 0) return [];
  return [issue(key("replicas"), replicas, "at least 1, since multiAz needs a node to fail over to")];
}

function clientIssues(
  { securityGroupIds, cidrs }: ElastiCacheValues["clients"],
  name: "clients" | "secondary.clients",
): ConfigIssue[] {
  if (securityGroupIds.length + cidrs.length > 0) return [];
  return [
    issue(
      key(name),
      "nobody",
      "securityGroupIds or cidrs of the pods, which otherwise cannot reach the store",
    ),
  ];
}

/** AWS requires an hour or more for each, and refuses a snapshot window that overlaps the maintenance window. */
function windowIssues({ maintenanceWindow, snapshots }: ElastiCacheValues): ConfigIssue[] {
  const maintenance = weeklyMinutes(maintenanceWindow);
  const snapshot = dailyMinutes(snapshots.window);
  const issues = [
    ...shortIssues(key("maintenanceWindow"), maintenanceWindow, maintenance),
    ...shortIssues(key("snapshots.window"), snapshots.window, snapshot),
  ];
  if (snapshots.retentionDays > 0 && overlap(maintenance, snapshot)) {
    const expected = `a window outside maintenanceWindow (${maintenanceWindow})`;
    issues.push(issue(key("snapshots.window"), snapshots.window, expected));
  }
  return issues;
}

/** From and to, in minutes. `to` is after `from`, if necessary in the next day or week. */
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

function shortIssues(path: string, window: string, { from, to }: Span): ConfigIssue[] {
  return to - from >= 60 ? [] : [issue(path, window, "a window of 60 minutes or more")];
}

/** Whether the daily span overlaps the weekly one on any day. */
function overlap(weekly: Span, daily: Span): boolean {
  return Array.from({ length: 15 }, (_, i) => (i - 1) * day).some(
    (offset) => daily.from + offset < weekly.to && weekly.from < daily.to + offset,
  );
}

/**
 * What AWS requires for a global datastore:
 * https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/Redis-Global-Datastores-Getting-Started.html
 */
function secondaryIssues({ secondary, nodeType, multiAz }: ElastiCacheValues): ConfigIssue[] {
  if (secondary === undefined) return [];
  const issues = clientIssues(secondary.clients, "secondary.clients");
  if (nodeType.startsWith("cache.t")) {
    issues.push(issue(key("nodeType"), nodeType, "an m5, r5 or newer type, since secondary is set"));
  }
  if (!multiAz) issues.push(issue(key("multiAz"), false, "true, since secondary is set"));
  return issues;
}
