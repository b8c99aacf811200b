/**
 * Every annotation that ingress-nginx 1.15 reads, without its prefix.
 * https://github.com/kubernetes/ingress-nginx/blob/controller-v1.15.1/docs/user-guide/nginx-configuration/annotations.md
 */
const read: ReadonlySet<string> = new Set(
  `
  affinity affinity-canary-behavior affinity-mode
  session-cookie-change-on-failure session-cookie-conditional-samesite-none session-cookie-domain
  session-cookie-expires session-cookie-max-age session-cookie-name session-cookie-path session-cookie-samesite
  session-cookie-secure
  proxy-body-size proxy-buffer-size proxy-buffering proxy-buffers-number proxy-busy-buffers-size
  proxy-connect-timeout proxy-cookie-domain proxy-cookie-path proxy-http-version proxy-max-temp-file-size
  proxy-next-upstream proxy-next-upstream-timeout proxy-next-upstream-tries proxy-read-timeout proxy-redirect-from
  proxy-redirect-to proxy-request-buffering proxy-send-timeout proxy-ssl-ciphers proxy-ssl-name proxy-ssl-protocols
  proxy-ssl-secret proxy-ssl-server-name proxy-ssl-verify proxy-ssl-verify-depth
  upstream-hash-by upstream-hash-by-subset upstream-hash-by-subset-size upstream-vhost service-upstream load-balance
  app-root backend-protocol client-body-buffer-size configuration-snippet connection-proxy-header custom-headers
  custom-http-errors default-backend disable-proxy-intercept-errors http2-push-preload preserve-trailing-slash
  relative-redirects rewrite-target satisfy server-alias server-snippet stream-snippet use-port-in-redirects use-regex
  x-forwarded-prefix
  allowlist-source-range denylist-source-range whitelist-source-range
  auth-always-set-cookie auth-cache-duration auth-cache-key auth-keepalive auth-keepalive-requests
  auth-keepalive-share-vars auth-keepalive-timeout auth-method auth-proxy-set-headers auth-realm
  auth-request-redirect auth-response-headers auth-secret auth-secret-type auth-signin auth-signin-redirect-param
  auth-snippet auth-tls-error-page auth-tls-match-cn auth-tls-pass-certificate-to-upstream auth-tls-secret
  auth-tls-verify-client auth-tls-verify-depth auth-type auth-url enable-global-auth
  canary canary-by-cookie canary-by-header canary-by-header-pattern canary-by-header-value canary-weight
  canary-weight-total
  cors-allow-credentials cors-allow-headers cors-allow-methods cors-allow-origin cors-expose-headers cors-max-age
  enable-cors
  enable-access-log enable-modsecurity enable-opentelemetry enable-owasp-core-rules enable-rewrite-log
  modsecurity-snippet modsecurity-transaction-id opentelemetry-operation-name opentelemetry-trust-incoming-span
  force-ssl-redirect from-to-www-redirect permanent-redirect permanent-redirect-code ssl-ciphers ssl-passthrough
  ssl-prefer-server-ciphers ssl-redirect temporal-redirect temporal-redirect-code
  limit-allowlist limit-burst-multiplier limit-connections limit-rate limit-rate-after limit-rpm limit-rps
  limit-whitelist
  fastcgi-index fastcgi-params-configmap
  mirror-host mirror-request-body mirror-target
  `
    .trim()
    .split(/\s+/),
);

const prefix = "nginx.ingress.kubernetes.io/";

/** https://github.com/kubernetes/ingress-nginx/pull/11851 */
const globalRateLimit = "gone since 1.12; limit-rps limits at each of the controller's pods";

/** Why an annotation that looks correct is not one, for common mistakes. */
const legends: Readonly<Record<string, string>> = {
  "session-cookie-httponly": "HttpOnly is always set; remove it",
  "session-cookie-hash": "gone since 0.24; remove it",
  "global-rate-limit": globalRateLimit,
  "global-rate-limit-ignored-cidrs": globalRateLimit,
  "global-rate-limit-key": globalRateLimit,
  "global-rate-limit-window": globalRateLimit,
  "sticky-session": "write affinity: cookie",
  "proxy-timeout": "write proxy-read-timeout and proxy-send-timeout",
  "websocket-services": "F5's; ingress-nginx upgrades WebSockets by itself",
};

/** An annotation with the controller's prefix that the controller does not read. */
export interface IgnoredAnnotation {
  readonly name: string;
  /** What was probably intended. */
  readonly hint: string;
}

/** The annotations with ingress-nginx's prefix that it ignores without a message. */
export function ignoredAnnotations(
  annotations: Readonly<Record<string, string>> | undefined,
): IgnoredAnnotation[] {
  return Object.keys(annotations ?? {})
    .filter((name) => name.startsWith(prefix) && !read.has(name.slice(prefix.length)))
    .map((name) => ({ name, hint: hint(name.slice(prefix.length)) }));
}

function hint(name: string): string {
  const legend = legends[name];
  if (legend !== undefined) return legend;
  const [nearest = ""] = [...read].sort((a, b) => distance(name, a) - distance(name, b));
  return distance(name, nearest) <= name.length / 3
    ? `${prefix}${nearest}?`
    : "no such annotation; remove it";
}

/** Levenshtein distance: the number of letters to insert, delete or change. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, letter] of Array.from(a).entries()) {
    const next = [i + 1];
    for (const [j, other] of Array.from(b).entries()) {
      const change = (row[j] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(change, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
