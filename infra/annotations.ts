/** Wire names that other programs read, in one place: a misspelt annotation is silently ignored. */

/**
 * ingress-nginx, and Traefik's kubernetesIngressNGINX provider, which reads the same names.
 * https://github.com/kubernetes/ingress-nginx/blob/controller-v1.15.1/docs/user-guide/nginx-configuration/annotations.md
 * There is no annotation for HttpOnly: it is always set.
 */
export const nginx = {
  affinity: "nginx.ingress.kubernetes.io/affinity",
  affinityMode: "nginx.ingress.kubernetes.io/affinity-mode",
  cookieName: "nginx.ingress.kubernetes.io/session-cookie-name",
  cookiePath: "nginx.ingress.kubernetes.io/session-cookie-path",
  cookieMaxAge: "nginx.ingress.kubernetes.io/session-cookie-max-age",
  /** For clients that know no Max-Age; the same seconds. */
  cookieExpires: "nginx.ingress.kubernetes.io/session-cookie-expires",
  cookieSecure: "nginx.ingress.kubernetes.io/session-cookie-secure",
  cookieSameSite: "nginx.ingress.kubernetes.io/session-cookie-samesite",
  /** Traefik does not read it; there the cookie of a pod that is gone is replaced anyway. */
  cookieChangeOnFailure: "nginx.ingress.kubernetes.io/session-cookie-change-on-failure",
  proxyReadTimeout: "nginx.ingress.kubernetes.io/proxy-read-timeout",
  proxySendTimeout: "nginx.ingress.kubernetes.io/proxy-send-timeout",
} as const;

/** cert-manager issues the certificate of an Ingress that bears it. https://cert-manager.io/docs/usage/ingress/ */
export const certManagerClusterIssuer = "cert-manager.io/cluster-issuer";

/**
 * Pulumi does not wait for an object that bears it.
 * https://www.pulumi.com/registry/packages/kubernetes/installation-configuration/
 */
export const pulumiSkipAwait = "pulumi.com/skipAwait";

/** Pod Security admission, per namespace. https://kubernetes.io/docs/concepts/security/pod-security-admission/ */
export const podSecurity = {
  enforce: "pod-security.kubernetes.io/enforce",
  enforceVersion: "pod-security.kubernetes.io/enforce-version",
  audit: "pod-security.kubernetes.io/audit",
  warn: "pod-security.kubernetes.io/warn",
} as const;
