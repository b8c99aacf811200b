import { z } from "zod";
import { albSchema, type AlbConfig } from "./alb/schema";
import { gatewaySchema, type GatewayConfig } from "./gateway/schema";
import { istioSchema, type IstioConfig } from "./istio/schema";
import { nginxSchema, type NginxConfig } from "./nginx/schema";
import { nlbSchema, type NlbConfig } from "./nlb/schema";
import { noneSchema, type NoneConfig } from "./none/schema";

/** Every kind of edge. To add one, add a folder of the same shape, and a line here, in properties.ts, issues.ts and index.ts. */
const schemas = [noneSchema, nginxSchema, nlbSchema, albSchema, gatewaySchema, istioSchema] as const;

const kinds = schemas.map(({ shape }) => shape.kind.value);

export const edgeSchema = z.discriminatedUnion("kind", schemas, {
  error: `an object with one of the kinds ${kinds.join(", ")}`,
});

export type EdgeConfig = NoneConfig | NginxConfig | NlbConfig | AlbConfig | GatewayConfig | IstioConfig;
