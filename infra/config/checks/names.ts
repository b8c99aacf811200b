import { defaultDenyName } from "../../components/namespace/names";
import { redisNames } from "../../components/session-store/redis/names";
import { issue, type ConfigIssue } from "../issue";
import type { Checked } from "./checked";

/** Services share a namespace with each other, with the store and with the default policy, so their names must differ. */
export function nameIssues({ config: { services, sessionStore } }: Checked): ConfigIssue[] {
  const taken = new Map<string, string>([[defaultDenyName, "the namespace's policy"]]);
  if (sessionStore.kind === "redis") {
    for (const name of [redisNames.workload, redisNames.headless]) taken.set(name, "the session store");
  }
  return services.flatMap(({ name }, index) => {
    const owner = taken.get(name);
    taken.set(name, `services[${index}]`);
    return owner === undefined
      ? []
      : [issue(`services[${index}].name`, name, `a name that ${owner} does not have`)];
  });
}

/**
 * Two services with the same path cannot be told apart. One path inside another one can, but a browser sends the outer path's
 * cookie to the inner one too, under the same name.
 */
export function pathIssues({ config: { services, edge, properties } }: Checked): ConfigIssue[] {
  if (properties.hostPerService || edge.kind === "none") return [];
  const cookies = properties.cookie("/") !== undefined;
  return services.flatMap(({ path }, index) =>
    services.slice(0, index).flatMap((other, earlier) => {
      const key = `services[${index}].path`;
      if (path === other.path) return [issue(key, path, `a path that services[${earlier}] does not have`)];
      if (!cookies || !(contains(path, other.path) || contains(other.path, path))) return [];
      return [
        issue(
          key,
          path,
          `a path neither inside nor around ${other.path} of services[${earlier}]: their affinity cookies would collide`,
        ),
      ];
    }),
  );
}

function contains(outer: string, inner: string): boolean {
  return inner.startsWith(outer === "/" ? "/" : `${outer}/`);
}
