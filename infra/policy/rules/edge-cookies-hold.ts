import { nginx } from "../../annotations";
import { cookieIngresses } from "../cookies";
import type { StringMap } from "../resource";
import { rule, type Finding } from "../rule";

export const edgeCookiesHold = rule({
  name: "edge-cookies-hold",
  summary:
    "An Ingress to WebSocket pods keeps each client on its pod by a cookie that lasts, is safe, and follows a failure.",
  why: "Without it, each reconnect reaches a random pod, or the client stays on a dead pod while that is an endpoint.",
  severity: "high",
  fix: "set the annotation",
  scope: "stack",
  byEnvironment: true,
  subjects: cookieIngresses,
  *check({ ingress }, { environment }) {
    const annotations = ingress.metadata?.annotations ?? {};
    if (annotations[nginx.affinity] !== "cookie") {
      yield missing(nginx.affinity, annotations, "cookie");
      return;
    }
    // `balanced`, the default, moves clients when the workload is scaled.
    if (annotations[nginx.affinityMode] !== "persistent") {
      yield missing(nginx.affinityMode, annotations, "persistent");
    }
    if (annotations[nginx.cookiePath] === undefined) {
      yield missing(
        nginx.cookiePath,
        annotations,
        "the path of the service: controllers differ in their default",
      );
    }
    if (!/^[1-9]\d*$/.test(annotations[nginx.cookieMaxAge] ?? "")) {
      yield missing(nginx.cookieMaxAge, annotations, "seconds, no less than a session lives");
    }
    if (annotations[nginx.cookieChangeOnFailure] !== "true") {
      yield missing(nginx.cookieChangeOnFailure, annotations, '"true"');
    }
    const secure = annotations[nginx.cookieSecure] === "true";
    if (!secure && (environment !== "local" || annotations[nginx.cookieSameSite] === "None")) {
      yield missing(nginx.cookieSecure, annotations, '"true"');
    }
    if (!/^(Lax|Strict|None)$/.test(annotations[nginx.cookieSameSite] ?? "")) {
      yield missing(nginx.cookieSameSite, annotations, "Lax, Strict or None");
    }
  },
});

function missing(name: string, annotations: StringMap, wanted: string): Finding {
  const value = annotations[name];
  return { actual: `${name} is ${value ?? "not set"}`, fix: `set it to ${wanted}` };
}
