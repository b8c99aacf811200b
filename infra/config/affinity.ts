import type { z } from "zod";
import { bool, object, enumOf, text, int } from "./values";

/** How clients are kept on their pods. */
export const affinitySchema = object({
  /** Idle time after which the Service forgets a client address. Seconds; Kubernetes allows 1–86400. */
  clientIpTimeoutSeconds: int(1, 86_400).default(10_800),
  /** Of the edge's affinity cookie. */
  cookieName: text(/^[A-Za-z0-9_-]{1,64}$/, "a cookie name: letters, digits, _ and -").default("SERVERID"),
  /** Seconds. It does not slide: the edge sets the cookie only when it chooses a pod. */
  cookieMaxAgeSeconds: int(1, 31_536_000).default(86_400),
  /** Browsers keep a secure cookie to TLS; false only where nothing on the path ends TLS. */
  cookieSecure: bool.default(true),
  /** Whether other sites' pages send the cookie. */
  cookieSameSite: enumOf("Strict", "Lax", "None").default("Lax"),
});

export type AffinityConfig = z.infer<typeof affinitySchema>;
