import { createEdge } from "../../infra/components/edge";
import { edgeSchema, type EdgeConfig } from "../../infra/components/edge/schema";
import type { AffinityConfig } from "../../infra/config/schema";
import type { Protocol } from "../../infra/protocol";
import { deployed } from "./deployed";

export const affinity: AffinityConfig = {
  clientIpTimeoutSeconds: 10_800,
  cookieName: "SERVERID",
  cookieMaxAgeSeconds: 86_400,
  cookieSecure: true,
  cookieSameSite: "Lax",
};
const twoServices: { name: string; path: string; protocol?: Protocol }[] = [
  { name: "messaging-service", path: "/messaging", protocol: "holdfast" },
  { name: "streaming-service", path: "/streaming" },
];

/** A configuration of an edge, with its defaults. */
export const edge = (config: object): EdgeConfig => edgeSchema.parse(config);

/** The resources of an edge for two services. */
export const create = (
  config: object,
  affinityChange: Partial<AffinityConfig> = {},
  { backends = twoServices, gracePeriodSeconds = 45 } = {},
) =>
  deployed(() => {
    const { urls } = createEdge("edge", {
      config: edge(config),
      affinity: { ...affinity, ...affinityChange },
      namespace: "nova",
      host: "api.nova.social",
      backends: backends.map((backend) => ({ serviceName: backend.name, ...backend })),
      gracePeriodSeconds,
    });
    return { urls };
  });
