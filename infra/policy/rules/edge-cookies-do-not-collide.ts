import { collide, cookieIngresses, cookiesOf } from "../cookies";
import { rule } from "../rule";

export const edgeCookiesDoNotCollide = rule({
  name: "edge-cookies-do-not-collide",
  summary: "No two Services under one host share an affinity cookie.",
  why: "Each overwrites the other's cookie, so that both lose their clients at every request.",
  severity: "critical",
  fix: "give each service an Ingress of its own, with a session-cookie-path or a session-cookie-name of its own",
  scope: "stack",
  *subjects(resource, system) {
    for (const ingress of cookieIngresses(resource, system)) {
      const earlier = system.resources.slice(0, system.resources.indexOf(resource));
      const cookies = cookiesOf(ingress);
      for (const [index, cookie] of cookies.entries()) {
        yield {
          cookie,
          others: () => [
            ...earlier.flatMap((one) => [...cookieIngresses(one, system)].flatMap(cookiesOf)),
            ...cookies.slice(0, index),
          ],
        };
      }
    }
  },
  *check({ cookie, others }) {
    const rival = others().find((other) => other.service !== cookie.service && collide(cookie, other));
    if (rival === undefined) return;
    const whose = rival.resource === cookie.resource ? "the same Ingress" : rival.resource.title;
    yield {
      found: `its cookie ${cookie.name} on path ${cookie.path} for ${cookie.service ?? "a resource"} is also that of ${rival.service ?? "a resource"} (${whose}, path ${rival.path})`,
    };
  },
});
