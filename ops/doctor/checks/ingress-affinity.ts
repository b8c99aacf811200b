import { nginx } from "../../../infra/annotations";
import type { Check } from "../check";
import { fail, ok, warn, type Finding } from "../finding";
import { ingressCookie } from "../ingress-cookie";
import { isAlb } from "../idle-timeouts";
import type { Ingress, Snapshot } from "../snapshot";
import { ingressEdge, reapply, subjects, title } from "../subjects";

export const ingressAffinity: Check = {
  name: "ingress-affinity",
  title: "Ingresses set a cookie that keeps a client on its pod",
  needs: ["ingresses"],
  judge: (snapshot) =>
    ingressEdge(snapshot.config) === undefined
      ? []
      : subjects(snapshot).flatMap(({ name, ingresses }) =>
          ingresses.length === 0
            ? [missing(snapshot, name)]
            : // load-balancer-stickiness checks the other edges
              ingresses.filter((ingress) => !isAlb(ingress)).map((ingress) => judge(snapshot, ingress)),
        ),
};

function missing(snapshot: Snapshot, service: string): Finding {
  return fail(service, {
    what: "no Ingress routes to the service",
    evidence: `namespace ${snapshot.config.namespace.name} has ${snapshot.objects.ingresses.length} Ingresses, none of them with this backend`,
    why: "nobody can connect from outside, or clients use a path without affinity",
    fix: reapply(snapshot),
  });
}

function judge(snapshot: Snapshot, ingress: Ingress): Finding {
  const subject = title("Ingress", ingress);
  const { name = "", annotations = {} } = ingress.metadata ?? {};
  const { affinity, session } = snapshot.config;
  const namespace = snapshot.config.namespace.name;
  const annotate = (...pairs: readonly string[]) =>
    `kubectl -n ${namespace} annotate --overwrite ingress ${name} ${pairs.join(" ")}, or ${reapply(snapshot)}`;
  const cookie = ingressCookie(ingress);
  if (cookie === undefined) {
    return fail(subject, {
      what: "the Ingress sets no affinity",
      evidence: `${nginx.affinity}: ${annotations[nginx.affinity] ?? "absent"}`,
      why: "an L7 controller connects directly to pods and ignores the Service's ClientIP: each reconnect reaches a random pod",
      fix: annotate(`${nginx.affinity}=cookie`, `${nginx.affinityMode}=persistent`),
    });
  }
  if (annotations["nginx.ingress.kubernetes.io/service-upstream"] === "true") {
    return fail(subject, {
      what: "the controller connects to the Service, so its cookie has no effect",
      evidence: "nginx.ingress.kubernetes.io/service-upstream: true",
      why: "it sees all pods as one upstream, and kube-proxy sees the controller as the only client",
      fix: annotate("nginx.ingress.kubernetes.io/service-upstream-"),
    });
  }
  if (cookie.path === undefined) {
    const regex = annotations["nginx.ingress.kubernetes.io/use-regex"] === "true";
    const trouble = {
      what: "the cookie has no path",
      evidence: `${nginx.cookiePath}: absent${regex ? "; use-regex: true" : ""}`,
      why: regex
        ? "ingress-nginx sets no cookie for a path that is a regular expression"
        : "controllers choose differently (Traefik: /), and cookies of several services then overwrite each other",
      fix: annotate(`${nginx.cookiePath}=${ownPath(snapshot, ingress)}`),
    };
    return regex ? fail(subject, trouble) : warn(subject, trouble);
  }
  if (cookie.maxAgeSeconds !== undefined && cookie.maxAgeSeconds < session.ttlSeconds) {
    return warn(subject, {
      what: "the cookie expires before the session",
      evidence: `${nginx.cookieMaxAge}: ${cookie.maxAgeSeconds}; holdfast:session.ttlSeconds: ${session.ttlSeconds}`,
      why: "a client's pod is forgotten while its session is still kept",
      fix: annotate(`${nginx.cookieMaxAge}=${affinity.cookieMaxAgeSeconds}`),
    });
  }
  if (cookie.mode !== "persistent") {
    return warn(subject, {
      what: "scaling the Deployment moves clients",
      evidence: `${nginx.affinityMode}: ${annotations[nginx.affinityMode] ?? "absent, so balanced"}`,
      why: "ingress-nginx gives some clients a new pod whenever pods are added",
      fix: annotate(`${nginx.affinityMode}=persistent`),
    });
  }
  return ok(
    subject,
    "sets cookie affinity",
    `${cookie.name} at ${cookie.path}, ${cookie.maxAgeSeconds ?? "the browser session's"} s, ${cookie.mode}`,
  );
}

function ownPath({ config }: Snapshot, ingress: Ingress): string {
  const paths = ingress.spec?.rules?.flatMap(({ http }) => http?.paths.map(({ path }) => path) ?? []);
  return config.services.find(({ path }) => paths?.includes(path))?.path ?? paths?.[0] ?? "/";
}
