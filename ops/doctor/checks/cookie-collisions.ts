import { nginx } from "../../../infra/annotations";
import type { Check } from "../check";
import { fail, ok } from "../finding";
import { ingressCookie, pathsOverlap, routes } from "../ingress-cookie";
import type { Ingress } from "../snapshot";
import { reapply, title } from "../subjects";

interface Cookie {
  readonly ingress: Ingress;
  readonly host: string;
  readonly name: string;
  readonly path: string;
}

export const cookieCollisions: Check = {
  name: "cookie-collisions",
  title: "Services under one host have cookies of their own",
  needs: ["ingresses"],
  judge: (snapshot) => {
    const cookies = snapshot.objects.ingresses.flatMap(cookiesOf);
    return cookies.flatMap((cookie, index) =>
      cookies
        .slice(0, index)
        .filter((earlier) => collide(cookie, earlier))
        .map((earlier) =>
          fail(title("Ingress", cookie.ingress), {
            what: `its cookie and that of ${title("Ingress", earlier.ingress)} overwrite each other`,
            evidence: `both are ${cookie.name} under ${cookie.host}, at ${cookie.path} and ${earlier.path}`,
            why: "a browser that uses both services loses its pod in one whenever it visits the other",
            fix: `set ${nginx.cookiePath} of each to its own path, or ${reapply(snapshot)}`,
          }),
        )
        .concat(
          cookies.slice(0, index).some((earlier) => collide(cookie, earlier))
            ? []
            : [
                ok(
                  title("Ingress", cookie.ingress),
                  "its cookie is its own",
                  `${cookie.name} at ${cookie.path}`,
                ),
              ],
        ),
    );
  },
};

function cookiesOf(ingress: Ingress): Cookie[] {
  const cookie = ingressCookie(ingress);
  if (cookie === undefined) return [];
  const hosts = new Set(routes(ingress).map(({ host }) => host));
  return [...hosts].map((host) => ({ ingress, host, name: cookie.name, path: cookie.path ?? "/" }));
}

function collide(a: Cookie, b: Cookie): boolean {
  return a.ingress !== b.ingress && a.host === b.host && a.name === b.name && pathsOverlap(a.path, b.path);
}
