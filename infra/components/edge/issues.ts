import type { ConfigIssue } from "../../config/issue";
import { albIssues } from "./alb/issues";
import type { EdgeContext } from "./edge-properties";
import { gatewayIssues } from "./gateway/issues";
import { istioIssues } from "./istio/issues";
import { nlbIssues } from "./nlb/issues";
import type { EdgeConfig } from "./schema";

/** The errors in an edge's configuration, besides the timing constraints. */
export function edgeIssues(config: EdgeConfig, context: EdgeContext): ConfigIssue[] {
  switch (config.kind) {
    case "none":
    case "nginx":
      return [];
    case "nlb":
      return nlbIssues(config, context);
    case "alb":
      return albIssues(config, context);
    case "gateway":
      return gatewayIssues(config);
    case "istio":
      return istioIssues(config);
  }
}
