import { issue, type ConfigIssue } from "../../../config/issue";
import { isDualStack, type Clients } from "./properties";

/** Configuration that neither of the two AWS load balancers supports. */

/**
 * Clients that the controller would not allow. Without IPv6 addresses, it creates no NLB for an IPv6 range, and ignores the range
 * for an ALB.
 */
export function clientIssues(config: Clients, ipAddressType: string): ConfigIssue[] {
  const { clientCidrs: given, securityGroups: groups } = config;
  if (given === undefined) return [];
  if (groups.length > 0) {
    const allowed =
      "nothing, since edge.securityGroups is set: the rules of those groups decide who may connect";
    return [issue("edge.clientCidrs", given.join(", "), allowed)];
  }
  if (isDualStack(config, ipAddressType)) return [];
  const allowed = `an IPv4 range, unless edge.annotations has ${ipAddressType}: dualstack`;
  return given.flatMap((cidr, index) =>
    cidr.includes(":") ? [issue(`edge.clientCidrs[${index}]`, cidr, allowed)] : [],
  );
}

/** The longest deregistration delay that AWS allows. Seconds. */
const maxDeregistrationSeconds = 3_600;

/**
 * The deregistration delay is the pod's whole grace period. The load balancer cuts the connections that are left after it; before
 * that, the pod itself asks its clients to move.
 */
export function deregistrationIssues(gracePeriodSeconds: number): ConfigIssue[] {
  if (gracePeriodSeconds <= maxDeregistrationSeconds) return [];
  const expected = `at most ${maxDeregistrationSeconds}, the longest deregistration delay of an AWS load balancer`;
  return [issue("drain.gracePeriodSeconds", gracePeriodSeconds, expected)];
}

/** Without TLS, others on the path can read tokens and messages. `keys` are the configuration keys that end TLS. */
export function plainTextIssues(scheme: string, tls: unknown, keys: string): ConfigIssue[] {
  if (scheme === "internal" || tls !== undefined) return [];
  return [issue("edge.scheme", scheme, `internal, unless TLS ends at the edge: set ${keys}`)];
}
