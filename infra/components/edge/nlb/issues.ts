import { awsService } from "../../../annotations";
import { issue, type ConfigIssue } from "../../../config/issue";
import { annotationIssues } from "../aws/annotation-issues";
import * as aws from "../aws/issues";
import type { EdgeContext } from "../edge-properties";
import { loadBalancerName, stickiness, tlsIdleTimeout } from "./properties";
import type { NlbValues } from "./schema";

/** The errors in the configuration, besides the timing constraints. */
export function nlbIssues(
  config: NlbValues,
  { gracePeriodSeconds, services }: Pick<EdgeContext, "gracePeriodSeconds" | "services">,
): ConfigIssue[] {
  const toPods = config.targets === "pods";
  return [
    ...(toPods ? podIssues(config, gracePeriodSeconds, services) : []),
    ...certificateIssues(config),
    ...aws.plainTextIssues(
      config.scheme,
      config.certificateArn ?? config.nginx?.tls?.secretName,
      toPods ? "edge.certificateArn" : "edge.nginx.tls or edge.certificateArn",
    ),
    ...aws.clientIssues(config, awsService.ipAddressType),
    ...annotationIssues(config.annotations),
  ];
}

function podIssues(
  config: NlbValues,
  gracePeriodSeconds: number,
  services: readonly string[],
): ConfigIssue[] {
  const issues = aws.deregistrationIssues(gracePeriodSeconds);
  if (config.nginx !== undefined) {
    issues.push(issue("edge.nginx", "an object", "nothing, since edge.targets is pods"));
  }
  services.forEach((name, index) => {
    if (services.some((other) => name === loadBalancerName(other))) {
      issues.push(issue(`services[${index}].name`, name, "a name that no load balancer's Service has"));
    }
    if (loadBalancerName(name).length > 63) {
      issues.push(
        issue(
          `services[${index}].name`,
          name,
          "at most 59 characters: the load balancer's Service adds -nlb",
        ),
      );
    }
  });
  return issues;
}

function certificateIssues(config: NlbValues): ConfigIssue[] {
  if (config.certificateArn === undefined) return [];
  const issues: ConfigIssue[] = [];
  if (stickiness(config) === "source_ip") {
    const expected = "none: with edge.certificateArn, since AWS has no sticky sessions for TLS listeners";
    issues.push(issue("edge.stickiness", config.stickiness ?? "source_ip (the default for pods)", expected));
  }
  if (config.idleTimeoutSeconds !== undefined) {
    const expected = `nothing: with edge.certificateArn it is ${tlsIdleTimeout.seconds} s and cannot be changed`;
    issues.push(issue("edge.idleTimeoutSeconds", config.idleTimeoutSeconds, expected));
  }
  if (config.nginx?.tls !== undefined) {
    issues.push(
      issue("edge.nginx.tls", "an object", "nothing: with edge.certificateArn, TLS ends before it"),
    );
  }
  return issues;
}
