import type { AffinityConfig } from "../../config/affinity";
import { albProperties } from "./alb/properties";
import type { EdgeProperties } from "./edge-properties";
import { gatewayProperties } from "./gateway/properties";
import { istioProperties } from "./istio/properties";
import { nginxProperties } from "./nginx/properties";
import { nlbProperties } from "./nlb/properties";
import { noneProperties } from "./none/properties";
import type { EdgeConfig } from "./schema";

export function edgeProperties(config: EdgeConfig, affinity: AffinityConfig): EdgeProperties {
  switch (config.kind) {
    case "none":
      return noneProperties();
    case "nginx":
      return nginxProperties(config, affinity);
    case "nlb":
      return nlbProperties(config, affinity);
    case "alb":
      return albProperties(config);
    case "gateway":
      return gatewayProperties(config, affinity);
    case "istio":
      return istioProperties(config, affinity);
  }
}
