import { issue, type ConfigIssue } from "../issue";
import { mayRebalance } from "../resolve";
import { peerForms } from "../values";
import type { Checked } from "./checked";

export function hostIssues({ config: { host, edge } }: Checked): ConfigIssue[] {
  if (edge.kind === "none" || host !== undefined) return [];
  return [issue("host", undefined, "the host name that clients connect to, such as api.example.com")];
}

export function cookieIssues({ config: { affinity, properties } }: Checked): ConfigIssue[] {
  if (affinity.cookieSecure) return [];
  const { tls, cookie } = properties;
  if (cookie("/") === undefined) return [];
  if (tls !== undefined) return [issue("affinity.cookieSecure", false, `true, because ${tls} is set`)];
  if (affinity.cookieSameSite === "None") {
    return [
      issue(
        "affinity.cookieSecure",
        false,
        "true, because browsers drop a cookie with SameSite None that is not Secure",
      ),
    ];
  }
  return [];
}

/** Without an edge, the program does not know the clients' addresses, and closed pods would be an outage. */
export function networkIssues({ config: { edge, network, networkPolicies } }: Checked): ConfigIssue[] {
  if (edge.kind !== "none" || !networkPolicies || (network.edge?.length ?? 0) > 0) return [];
  return [
    issue(
      "network.edge",
      network.edge === undefined ? undefined : "an empty list",
      `a list of peers that connect, because edge.kind is none: ${peerForms}`,
      "Set it to [{ sameNamespace: true }] for clients in the stack's own namespace, or set networkPolicies to false.",
    ),
  ];
}

/** Clients that affinity by address leads to their pod would come back to it each time they are asked to move. */
export function rebalanceIssues({ config: { sockets, services, properties } }: Checked): ConfigIssue[] {
  if (sockets.rebalance !== true) return [];
  const index = services.findIndex(
    (service) => service.isApplication && !mayRebalance(service, service.path, properties),
  );
  if (index < 0) return [];
  return [
    issue(
      "sockets.rebalance",
      true,
      `false: ClientIP or an AWS target group leads clients of services[${index}] back to their pod`,
      "Or set an edge that has a cookie, or give the service a connectionProxy.",
    ),
  ];
}

/** A browser's sockets need an allowed origin, and the page itself needs a route at the edge. */
export function pageIssues({ config: { servePage, allowedOrigins, services } }: Checked): ConfigIssue[] {
  if (!servePage) return [];
  const issues = services.flatMap(({ connectionProxy }, index) =>
    connectionProxy === undefined
      ? []
      : [issue("servePage", true, `false: the connection proxy of services[${index}] forwards only sockets`)],
  );
  if (allowedOrigins.length > 0) return issues;
  const expected = "the page's own origin, such as https://<host>; without it, browsers' sockets are refused";
  return [...issues, issue("allowedOrigins", "nothing, with servePage", expected)];
}
