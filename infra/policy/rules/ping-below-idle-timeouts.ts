import { pingIssues } from "../../timing";
import { controllerRoutes, routesToWorkloads } from "../edges/routes";
import { rule } from "../rule";
import { environmentSeconds } from "../workload";

/**
 * No proxy has a shorter idle timeout by default. If the ping interval is unknown, a longer idle timeout is accepted: its author
 * had WebSockets in mind. Seconds.
 */
const proxyDefaultSeconds = 60;

export const pingBelowIdleTimeouts = rule({
  name: "ping-below-idle-timeouts",
  summary: "Pods ping their clients more often than any proxy on the path cuts silent connections.",
  why: "A socket without traffic is cut between two pings, again and again.",
  severity: "critical",
  fix: "raise the idle timeout (3600 s is usual), or lower PING_INTERVAL_SECONDS",
  scope: "stack",
  *subjects(resource, system) {
    yield* routesToWorkloads(resource, system);
    yield* controllerRoutes(resource, system);
  },
  *check({ route, workload }) {
    const interval = environmentSeconds(workload, "PING_INTERVAL_SECONDS");
    for (const idle of route.idleTimeouts()) {
      if (interval === undefined) {
        if (idle.seconds > proxyDefaultSeconds) continue;
        yield {
          actual: `${idle.path} is ${idle.seconds} s, and the ping interval of ${workload.resource.title} is unknown`,
          fix: "raise it (3600 s is usual), or set the environment variable PING_INTERVAL_SECONDS",
        };
        continue;
      }
      for (const { expected } of pingIssues({ path: "PING_INTERVAL_SECONDS", seconds: interval }, idle)) {
        yield {
          actual: `PING_INTERVAL_SECONDS of ${workload.resource.title} is ${interval}, but it must be ${expected}`,
        };
      }
    }
  },
});
