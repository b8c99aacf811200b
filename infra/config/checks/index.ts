import { autoscalerIssues } from "../../components/autoscaler/issues";
import { edgeIssues } from "../../components/edge/issues";
import type { ConfigIssue } from "../issue";
import type { ResolvedConfig } from "../resolve";
import { authIssues } from "./auth";
import type { Checked } from "./checked";
import { connectionProxyIssues } from "./connection-proxy";
import { cookieIssues, hostIssues, networkIssues, pageIssues, rebalanceIssues } from "./edge";
import { nameIssues, pathIssues } from "./names";
import { podSecurityIssues } from "./pod-security";
import { scaledWorkloads, scaleIssues } from "./scale";
import { serviceIssues } from "./service";
import { storeIssues } from "./store";
import { stackTimingIssues } from "./times";

/** Every contradiction between two keys. Empty if there is none. */
export function crossIssues(checked: Checked): ConfigIssue[] {
  const { config } = checked;
  return [
    ...stackTimingIssues(checked),
    ...nameIssues(checked),
    ...pathIssues(checked),
    ...serviceIssues(checked),
    ...podSecurityIssues(checked),
    ...scaleIssues(checked),
    ...autoscalerIssues(config.autoscaler, scaledWorkloads(config)),
    ...hostIssues(checked),
    ...cookieIssues(checked),
    ...networkIssues(checked),
    ...edgeIssues(config.edge, {
      affinity: config.affinity,
      services: config.services.map(({ name }) => name),
      gracePeriodSeconds: longestGraceSeconds(config),
    }),
    ...connectionProxyIssues(checked),
    ...storeIssues(checked),
    ...authIssues(checked),
    ...pageIssues(checked),
    ...rebalanceIssues(checked),
  ];
}

/** The longest grace period of all pods that the edge routes to. Seconds. */
export function longestGraceSeconds({ drain, services }: ResolvedConfig): number {
  const all = services.flatMap((service) => [service.drain, service.connectionProxy?.drain ?? service.drain]);
  return Math.max(drain.gracePeriodSeconds, ...all.map(({ gracePeriodSeconds }) => gracePeriodSeconds));
}
