import { timingIssues } from "../../timing";
import type { ConfigIssue } from "../issue";
import type { Checked } from "./checked";

/** The timing constraints of the stack, and of each service that has its own times. */
export function stackTimingIssues({ values, config }: Checked): ConfigIssue[] {
  const { affinity, sockets, session, properties, services } = config;
  const { cookie, idleTimeouts, propagationSeconds } = properties;
  const hasSessions = services.some(({ isApplication }) => isApplication);
  const pings = services.some(({ isApplication, connectionProxy }) => isApplication || connectionProxy);
  const ping = { path: "sockets.pingIntervalSeconds", seconds: sockets.pingIntervalSeconds };
  const sessionTtl = { path: "session.ttlSeconds", seconds: session.ttlSeconds };
  const ofStack = timingIssues({
    drain: config.drain,
    ping,
    sessionTtl,
    idleTimeouts: pings ? idleTimeouts : [],
    affinityAges: hasSessions
      ? [
          { path: "affinity.clientIpTimeoutSeconds", seconds: affinity.clientIpTimeoutSeconds },
          ...(cookie("/") === undefined
            ? []
            : [{ path: "affinity.cookieMaxAgeSeconds", seconds: affinity.cookieMaxAgeSeconds }]),
        ]
      : [],
    propagationSeconds,
  });
  const ofServices = values.services.flatMap(({ drain, preStop }, index) => {
    const service = services[index];
    if (service === undefined || (drain === undefined && preStop !== "none")) return [];
    const drainPath = `services[${index}].drain`;
    return timingIssues({
      ...{ drain: service.drain, drainPath, ping, sessionTtl, propagationSeconds },
      idleTimeouts: [],
      affinityAges: [],
    });
  });
  return [...ofStack, ...ofServices];
}
