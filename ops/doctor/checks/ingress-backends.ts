import type { Check } from "../check";
import { fail, ok, warn } from "../finding";
import { ingressCookie } from "../ingress-cookie";
import type { Ingress } from "../snapshot";
import { subjects, title } from "../subjects";

/**
 * ingress-nginx creates one upstream for each Service port, whatever hosts lead to it. If there are several Ingresses, the newest
 * one decides the cookie's name, path and age for all of them, and the oldest one the mode (measured with 1.15.1).
 */
export const ingressBackends: Check = {
  name: "ingress-backends",
  title: "Each service has one Ingress",
  needs: ["ingresses", "services"],
  judge: (snapshot) =>
    subjects(snapshot).flatMap(({ name, service, ingresses }) => {
      if (ingresses.length === 0) return [];
      const names = ingresses.map((ingress) => title("Ingress", ingress)).join(" and ");
      if (ingresses.length > 1) {
        const same = new Set(ingresses.map((ingress) => JSON.stringify(ingressCookie(ingress)))).size === 1;
        const trouble = {
          what: `${ingresses.length} Ingresses route to one service`,
          evidence: `${byAge(ingresses)}${same ? ", with the same affinity" : ", with different affinity"}`,
          why: "the newest sets the cookie's name, path and age for all hosts, and the oldest sets the mode: different hosts do not separate them",
          fix: `keep one: kubectl -n ${snapshot.config.namespace.name} delete ingress NAME, or give the other its own Service`,
        };
        return [same ? warn(name, trouble) : fail(name, trouble)];
      }
      const ports = service?.spec?.ports ?? [];
      const wanted = ingresses.flatMap(({ spec }) =>
        (spec?.rules ?? []).flatMap(({ http }) =>
          (http?.paths ?? []).flatMap(({ backend }) =>
            backend.service?.name === name && backend.service.port !== undefined
              ? [backend.service.port]
              : [],
          ),
        ),
      );
      const lost = wanted.find(
        (port) => !ports.some((each) => each.name === port.name || each.port === port.number),
      );
      if (lost !== undefined && service !== undefined) {
        return [
          fail(name, {
            what: "its Ingress refers to a port that the Service does not have",
            evidence: `${names}: port ${lost.name ?? lost.number ?? "none"}; the Service has ${ports.map((port) => port.name ?? port.port).join(", ")}`,
            why: "the controller answers 503 to all clients",
            fix: `kubectl -n ${snapshot.config.namespace.name} edit ingress: backend.service.port.name: http`,
          }),
        ];
      }
      return [ok(name, "one Ingress, one Service", names)];
    }),
};

/** Sorted by age, oldest first, as far as the objects show it. */
function byAge(ingresses: readonly Ingress[]): string {
  const born = ({ metadata }: Ingress) => metadata?.creationTimestamp ?? "";
  return [...ingresses]
    .sort((a, b) => born(a).localeCompare(born(b)))
    .map((ingress) => `${title("Ingress", ingress)}${born(ingress) === "" ? "" : ` of ${born(ingress)}`}`)
    .join(" and ");
}
