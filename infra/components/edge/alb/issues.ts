import { awsIngress } from "../../../annotations";
import { issue, type ConfigIssue } from "../../../config/issue";
import { annotationIssues } from "../aws/annotation-issues";
import * as aws from "../aws/issues";
import type { EdgeContext } from "../edge-properties";
import type { AlbValues } from "./schema";

/** The longest stickiness of an ALB: a week. Seconds. */
const maxCookieSeconds = 604_800;

/** The errors in the configuration, besides the timing constraints. */
export function albIssues(config: AlbValues, { affinity, gracePeriodSeconds }: EdgeContext): ConfigIssue[] {
  const age = affinity.cookieMaxAgeSeconds;
  return [
    ...(age <= maxCookieSeconds
      ? []
      : [
          issue(
            "affinity.cookieMaxAgeSeconds",
            age,
            `at most ${maxCookieSeconds}, the longest stickiness of an ALB`,
          ),
        ]),
    ...aws.deregistrationIssues(gracePeriodSeconds),
    ...aws.plainTextIssues(config.scheme, config.certificateArn, "edge.certificateArn"),
    ...aws.clientIssues(config, awsIngress.ipAddressType),
    ...annotationIssues(config.annotations),
  ];
}
