import type { z } from "zod";
import { defaultClientIpTimeoutSeconds } from "../timing";
import { bool, object, enumOf, text, int } from "./values";

/** How the Service and the edge keep clients on their pods. */
export const affinitySchema = object({
  /** Idle time after which the Service forgets a client address. Seconds; Kubernetes allows 1–86400. */
  clientIpTimeoutSeconds: int(1, 86_400).default(defaultClientIpTimeoutSeconds),
  /** Name of the edge's affinity cookie. */
  cookieName: text(/^[A-Za-z0-9_-]{1,64}$/, "a cookie name: letters, digits, _ and -").default("SERVERID"),
  /** Lifetime of the cookie. Seconds. It is not extended later, because the edge sets the cookie only when it chooses a pod. */
  cookieMaxAgeSeconds: int(1, 31_536_000).default(86_400),
  /** Marks the cookie Secure, so browsers send it only over TLS. Set it to false only if clients connect without TLS. */
  cookieSecure: bool.default(true),
  /** The cookie's SameSite attribute: whether browsers send it from pages of other sites. */
  cookieSameSite: enumOf("Strict", "Lax", "None").default("Lax"),
});

export type AffinityConfig = z.infer<typeof affinitySchema>;
