import { issue, type ConfigIssue } from "../../../config/issue";
import type { GatewayConfig } from "./schema";

/** The errors in the configuration, besides the timing constraints. */
export function gatewayIssues({ attach, className, tls }: GatewayConfig): ConfigIssue[] {
  if (attach === undefined) return [];
  return [
    ...(className === undefined
      ? []
      : [issue("edge.className", className, "nothing, since edge.attach is given")]),
    ...(tls === undefined
      ? []
      : [issue("edge.tls", "an object", "nothing: TLS ends at the Gateway of edge.attach")]),
  ];
}
