import * as aws from "../aws/properties";
import type { EdgeProperties } from "../edge-properties";
import type { AlbValues } from "./schema";

/** The cookie of an ALB: its name cannot be changed, and it is for the whole host. */
const cookie = { name: "AWSALB", path: "/" };

export function albProperties(config: AlbValues): EdgeProperties {
  const tls = config.certificateArn === undefined ? undefined : "edge.certificateArn";
  return {
    scheme: tls === undefined ? "ws" : "wss",
    tls,
    usesCertManager: false,
    cookie: () => cookie,
    // The AWSALB cookies of two target groups under one host would overwrite each other.
    hostPerService: true,
    podsAreTargets: true,
    idleTimeouts: [{ path: "edge.idleTimeoutSeconds", seconds: config.idleTimeoutSeconds }],
    propagationSeconds: config.propagationSeconds,
    registrationSeconds: aws.registrationSeconds,
    namespaceLabels: aws.readinessGateLabels,
    ingressSources: config.subnetCidrs.map((cidr) => ({ cidr })),
  };
}
