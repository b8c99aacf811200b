import { elasticacheIssues } from "../../components/session-store/elasticache/issues";
import { issue, type ConfigIssue } from "../issue";
import type { Checked } from "./checked";

/** Shown instead of a secret's value. */
export const secret = "a secret";

export function storeIssues({ config, secrets: { redisUrl } }: Checked): ConfigIssue[] {
  const { sessionStore } = config;
  const issues = durabilityIssues(config);
  if (sessionStore.kind !== "external") {
    if (redisUrl !== undefined)
      issues.push(issue("redisUrl", secret, "nothing, unless sessionStore.kind is external"));
    if (sessionStore.kind === "none") issues.push(...missingStoreIssues(config));
    return [...issues, ...(sessionStore.kind === "elasticache" ? elasticacheIssues(sessionStore) : [])];
  }
  if (redisUrl === undefined) {
    issues.push(
      issue(
        "redisUrl",
        undefined,
        "the store's URL",
        "Set it with: pulumi config set --secret holdfast:redisUrl redis://…",
      ),
    );
  }
  if (sessionStore.sentinelName !== undefined && sessionStore.mode !== "sentinel") {
    issues.push(
      issue("sessionStore.sentinelName", sessionStore.sentinelName, "nothing, unless mode is sentinel"),
    );
  }
  return issues;
}

/** The services that require a store, if the stack has none. */
function missingStoreIssues({ services }: Checked["config"]): ConfigIssue[] {
  return services.flatMap(({ isApplication, sessionStore }, index) => {
    if (isApplication) {
      return [
        issue(
          "sessionStore.kind",
          "none",
          `redis, elasticache or external: services[${index}] is the Holdfast application, which stores its sessions there`,
        ),
      ];
    }
    if (sessionStore === undefined) return [];
    return [
      issue(
        `services[${index}].sessionStore.env`,
        sessionStore.env,
        "nothing, since sessionStore.kind is none",
      ),
    ];
  });
}

/** Durability that the store cannot confirm: the application would wait for it in vain, or refuse to start. */
function durabilityIssues({ sessionStore, session: { durability } }: Checked["config"]): ConfigIssue[] {
  if (durability === "memory") return [];
  const refuse = (expected: string) => [issue("session.durability", durability, expected)];
  switch (sessionStore.kind) {
    case "none":
      return [];
    case "redis":
      return durability === "replica"
        ? refuse("memory or aof, because sessionStore redis has no replica")
        : [];
    case "elasticache":
      // AWS does not support the append-only file from Redis 2.8.22 on.
      if (durability === "aof")
        return refuse("memory or replica, because ElastiCache has no append-only file");
      if (sessionStore.shards !== undefined)
        return refuse("memory, because sessionStore.shards turns cluster mode on");
      return sessionStore.replicas === 0 ? refuse("memory, because sessionStore.replicas is 0") : [];
    case "external":
      return sessionStore.mode === "cluster" ? refuse("memory, because sessionStore.mode is cluster") : [];
  }
}
