import type { Check } from "../check";
import { fail, ok, unknown, type Finding } from "../finding";
import type { Snapshot, Upgrade } from "../snapshot";
import { isReady, subjects, type Subject } from "../subjects";

/** What a refusal says, where its status tells. */
const meanings: Readonly<Record<number, string>> = {
  200: "something answers that knows no WebSockets",
  308: "the edge redirects to https: ask by --edge https://…",
  400: "the upgrade was changed on the way, or the application speaks another subprotocol",
  403: "the Origin or the client is not allowed",
  404: "the path is not routed to the service, or is changed on the way",
  426: "the edge or the application wants another protocol",
  502: "the edge cannot reach the pods",
  503: "no ready pod, or the pods drain",
  504: "the edge gets no answer from the pods: a NetworkPolicy, or the wrong port",
};

export const websocketUpgrade: Check = {
  name: "websocket-upgrade",
  title: "A WebSocket opens, at each pod and through the edge",
  needs: ["pods", "podUpgrades"],
  judge: (snapshot) =>
    subjects(snapshot).flatMap((subject) => [atPods(snapshot, subject), atEdge(snapshot, subject)].flat()),
};

function atPods({ observed, config }: Snapshot, { name, pods }: Subject): Finding[] {
  const tried = pods.filter(isReady).map(({ metadata }) => {
    const pod = metadata?.name ?? "";
    return { pod, upgrade: observed.podUpgrades[pod] };
  });
  if (tried.length === 0) return [];
  const refused = tried.filter(({ upgrade }) => upgrade?.status !== 101);
  if (refused.length === 0) {
    return [
      ok(
        name,
        "opens at each pod",
        tried.map(({ upgrade }) => `${Math.round(upgrade?.ms ?? 0)} ms`).join(", "),
      ),
    ];
  }
  return refused.map(({ pod, upgrade }) =>
    upgrade === undefined
      ? unknown(pod, {
          what: "no upgrade was tried",
          evidence: "it was not ready when the probes began",
          why: "what is not seen cannot be vouched for",
          fix: "ask again",
        })
      : fail(pod, {
          what: "a WebSocket does not open at the pod itself",
          evidence: describe(upgrade),
          why: "its clients are refused",
          fix: `kubectl -n ${config.namespace} logs ${pod}`,
        }),
  );
}

function atEdge({ observed, config, unseen }: Snapshot, { name, ingresses }: Subject): Finding[] {
  if (config.edge.kind === "none" || unseen.edge !== undefined) return [];
  const visits = observed.edge[name];
  if (visits === undefined) return [];
  const refused = visits.newcomers.filter(({ status }) => status !== 101);
  const [first] = refused;
  if (first === undefined) {
    return [ok(name, "opens through the edge", `${visits.newcomers.length} times, ${visits.via}`)];
  }
  return [
    fail(name, {
      what: "a WebSocket does not open through the edge",
      evidence: `${refused.length} of ${visits.newcomers.length} refused, ${visits.via}: ${describe(first)}`,
      why: "clients from outside cannot connect",
      fix:
        ingresses.length === 0
          ? "no Ingress routes to it: see ingress-affinity"
          : "see ingress-controller, ingress-backends and edge-admission",
    }),
  ];
}

function describe({ status, error }: Upgrade): string {
  if (status === undefined) return error ?? "no answer";
  return `${status}${meanings[status] === undefined ? "" : ` (${meanings[status]})`}`;
}
