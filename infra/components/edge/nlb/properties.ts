import { awsService } from "../../../annotations";
import type { AffinityConfig } from "../../../config/affinity";
import type { NamedSeconds } from "../../../timing";
import * as aws from "../aws/properties";
import type { EdgeProperties } from "../edge-properties";
import { nginxProperties } from "../nginx/properties";
import { controllerEdge, type NlbValues } from "./schema";

/** The idle timeout of a TLS listener, which cannot be changed. */
export const tlsIdleTimeout: NamedSeconds = {
  path: "the idle timeout of an NLB's TLS listener",
  seconds: 350,
};

const defaultIdleTimeoutSeconds = 3_600;

/** The time after which a silent connection is dropped, in seconds, and the key that sets it. */
export function idleTimeout({ certificateArn, idleTimeoutSeconds }: NlbValues): NamedSeconds {
  if (certificateArn !== undefined) return tlsIdleTimeout;
  return { path: "edge.idleTimeoutSeconds", seconds: idleTimeoutSeconds ?? defaultIdleTimeoutSeconds };
}

export function stickiness({ stickiness: configured, targets }: NlbValues): "source_ip" | "none" {
  return configured ?? (targets === "pods" ? "source_ip" : "none");
}

export function nlbProperties(config: NlbValues, affinity: AffinityConfig): EdgeProperties {
  const certificate = config.certificateArn === undefined ? undefined : "edge.certificateArn";
  const idleTimeouts = [idleTimeout(config)];
  if (config.targets === "nginx") {
    const nginx = nginxProperties(controllerEdge(config), affinity);
    return {
      ...nginx,
      tls: certificate ?? (nginx.tls === undefined ? undefined : "edge.nginx.tls"),
      idleTimeouts: [
        ...idleTimeouts,
        ...nginx.idleTimeouts.map(({ seconds }) => ({ path: "edge.nginx.timeoutSeconds", seconds })),
      ],
    };
  }
  return {
    scheme: certificate === undefined ? "ws" : "wss",
    tls: certificate,
    usesCertManager: false,
    cookie: () => undefined,
    hostPerService: true,
    podsAreTargets: true,
    idleTimeouts,
    propagationSeconds: config.propagationSeconds,
    registrationSeconds: aws.registrationSeconds,
    namespaceLabels: aws.readinessGateLabels,
    // Client addresses are preserved; health checks come from the load balancer's own addresses.
    ingressSources: [
      ...new Set([...aws.clients(config, awsService.ipAddressType), ...config.subnetCidrs]),
    ].map((cidr) => ({ cidr })),
  };
}

/** The name of the load balancer's Service; its targets have a Service with the plain name already. */
export function loadBalancerName(service: string): string {
  return `${service}-nlb`;
}
