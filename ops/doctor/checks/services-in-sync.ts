import type { Check } from "../check";
import { ok, warn } from "../finding";
import { ingressCookie } from "../ingress-cookie";
import { podTimes } from "../pod-times";
import { reapply, subjects, type Subject } from "../subjects";

/** A user who moves between services of one host expects the same behaviour of each. */
export const servicesInSync: Check = {
  name: "services-in-sync",
  title: "All services have the same affinity and times",
  needs: ["services", "deployments", "ingresses"],
  judge: (snapshot) => {
    const deployed = subjects(snapshot).filter(({ service }) => service !== undefined);
    if (deployed.length < 2) return [];
    const settings = deployed.map((subject) => ({ name: subject.name, values: settingsOf(subject) }));
    const keys = [...new Set(settings.flatMap(({ values }) => Object.keys(values)))];
    const differing = keys.filter((key) => new Set(settings.map(({ values }) => values[key])).size > 1);
    const names = deployed.map(({ name }) => name).join(", ");
    if (differing.length === 0) return [ok(names, "are alike", `${keys.length} settings compared`)];
    return differing.map((key) =>
      warn(names, {
        what: `they differ in ${key}`,
        evidence: settings.map(({ name, values }) => `${name}: ${values[key] ?? "absent"}`).join("; "),
        why: "a user stays on the pod of one service and loses the pod of the other, and tests of one do not hold for the other",
        fix: `one stack gives all services the same settings: ${reapply(snapshot)}`,
      }),
    );
  },
};

function settingsOf({ service, deployment, ingresses }: Subject): Record<string, string> {
  const cookie = ingresses[0] && ingressCookie(ingresses[0]);
  const spec = deployment?.spec?.template.spec;
  const times = spec && podTimes(spec);
  const values = {
    "Service affinity": service?.spec?.sessionAffinity ?? "None",
    "Service affinity timeout": service?.spec?.sessionAffinityConfig?.clientIP?.timeoutSeconds,
    "cookie affinity": cookie === undefined ? "none" : cookie.mode,
    "cookie name": cookie?.name,
    "cookie age": cookie?.maxAgeSeconds,
    "cookie security":
      cookie && `${cookie.secure ? "secure" : "not secure"}, ${cookie.sameSite ?? "no SameSite"}`,
    "preStop wait": times && `${times.hook} ${times.preStopSeconds} s`,
    "drain time": times?.drainSeconds,
    "grace period": times?.gracePeriodSeconds,
    "ping interval": times?.pingSeconds,
    "session time to live": times?.sessionTtlSeconds,
  };
  return Object.fromEntries(
    Object.entries(values).flatMap(([key, value]) => (value === undefined ? [] : [[key, String(value)]])),
  );
}
