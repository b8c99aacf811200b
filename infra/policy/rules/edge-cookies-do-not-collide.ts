import { collide, cookiesOf } from "../cookies";
import { rule } from "../rule";

export const edgeCookiesDoNotCollide = rule({
  name: "edge-cookies-do-not-collide",
  summary: "No two Services under one host share an affinity cookie.",
  why: "Each overwrites the other's cookie, so that both lose their clients at every request.",
  severity: "critical",
  fix: "give each service its own cookie: by path, name or host, depending on the edge",
  scope: "stack",
  *subjects(resource, system) {
    const earlier = system.resources.slice(0, system.resources.indexOf(resource));
    const cookies = cookiesOf(resource, system);
    for (const [index, cookie] of cookies.entries()) {
      yield {
        cookie,
        others: () => [...earlier.flatMap((one) => cookiesOf(one, system)), ...cookies.slice(0, index)],
      };
    }
  },
  *check({ cookie, others }) {
    const rival = others().find((other) => other.service !== cookie.service && collide(cookie, other));
    if (rival === undefined) return;
    const whose = rival.resource === cookie.resource ? "the same object" : rival.resource.title;
    yield {
      actual: `its cookie ${cookie.name} on path ${cookie.path} for ${cookie.service ?? "a resource"} is also that of ${rival.service ?? "a resource"} (${whose}, path ${rival.path})`,
      fix: cookie.remedy,
    };
  },
});
