import { awsLoadBalancerClass } from "../../infra/annotations";
import type { Service } from "./snapshot";

/** The prefix of the annotations that the AWS Load Balancer Controller and its in-tree predecessor read from a Service. */
const awsPrefix = "service.beta.kubernetes.io/aws-load-balancer-";

/** Whether a Service requests a load balancer from AWS. */
export function isAwsLoadBalancer({ metadata, spec }: Service): boolean {
  if (spec?.type !== "LoadBalancer") return false;
  const annotated = Object.keys(metadata?.annotations ?? {}).some((name) => name.startsWith(awsPrefix));
  return spec.loadBalancerClass === awsLoadBalancerClass || annotated;
}
