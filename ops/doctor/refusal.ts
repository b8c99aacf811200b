import type { Upgrade } from "./snapshot";

/** The meaning of a refusal, by status. */
const meanings: Readonly<Record<number, string>> = {
  200: "something answers that knows no WebSockets",
  308: "the edge redirects to https: ask by --edge https://…",
  400: "the upgrade was changed on the way, or the application speaks another subprotocol",
  403: "the Origin or the client is not allowed",
  404: "the path is not routed to the service, or is changed on the way",
  426: "the edge or the application requires another protocol",
  502: "the edge cannot reach the pods",
  503: "no ready pod, or the pods drain",
  504: "the edge gets no answer from the pods: a NetworkPolicy, or the wrong port",
};

/** Describes an upgrade that was not answered with 101. */
export function describeRefusal({ status, error }: Upgrade): string {
  if (status === undefined) return error ?? "no answer";
  return `${status}${meanings[status] === undefined ? "" : ` (${meanings[status]})`}`;
}
