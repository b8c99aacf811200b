import { defaultEdgeProperties, type EdgeProperties } from "../edge-properties";

export function noneProperties(): EdgeProperties {
  return {
    ...defaultEdgeProperties,
    scheme: "ws",
    cookie: () => undefined,
    idleTimeouts: [],
    ingressSources: [],
  };
}
