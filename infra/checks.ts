import { autoscalerFaults } from "./components/autoscaler";
import { edgeFaults, edgeTraits } from "./components/edge";
import { fault, type Fault } from "./fault";
import { defaultDenyName } from "./components/namespace";
import { elasticacheFaults } from "./components/session-store/elasticache";
import { redisNames } from "./components/session-store/redis";
import { proxyName, podsName } from "./components/connection-proxy-names";
import type { ConfigValues, ConnectionProxyConfig, SecretValues, ServiceValues } from "./schema";
import { completeDrain, timingFaults, type Drain } from "./timing";

/**
 * What one key alone cannot show: every contradiction between two of them. Empty when there is none.
 * Of secrets only their presence counts here.
 */
export function crossFaults(config: ConfigValues, secrets: SecretValues): Fault[] {
  return [
    ...timeFaults(config),
    ...nameFaults(config),
    ...pathFaults(config),
    ...scaleFaults(config),
    ...cookieFaults(config),
    ...edgeFaults(config.edge, {
      affinity: config.affinity,
      services: config.services.map(({ name }) => name),
      gracePeriodSeconds: longestGraceSeconds(config),
    }),
    ...proxyFaults(config),
    ...storeFaults(config, secrets),
    ...authFaults(config, secrets),
    ...pageFaults(config),
  ];
}

function drainOf({ affinity, drain, edge }: ConfigValues): Drain {
  return completeDrain(drain, edgeTraits(edge, affinity).propagationSeconds);
}

/**
 * The end of a proxy's pod: routers hear of it as of any pod's, then its clients are moved over a time of its own, and
 * the grace period is as long as that takes.
 */
export function proxyDrain(
  { affinity, drain: { preStopSeconds }, edge }: ConfigValues,
  { drainSeconds }: ConnectionProxyConfig,
): Drain {
  return completeDrain({ preStopSeconds, drainSeconds }, edgeTraits(edge, affinity).propagationSeconds);
}

/** Of all pods that the edge leads to. Seconds. */
function longestGraceSeconds(config: ConfigValues): number {
  const proxied = config.services.flatMap(({ connectionProxy }) =>
    connectionProxy ? [proxyDrain(config, connectionProxy)] : [],
  );
  return Math.max(...[drainOf(config), ...proxied].map(({ gracePeriodSeconds }) => gracePeriodSeconds));
}

function proxyFaults({ services, auth }: ConfigValues): Fault[] {
  return services.flatMap(({ name, connectionProxy }, index) => {
    if (connectionProxy === undefined) return [];
    const key = `services[${index}].connectionProxy`;
    const own = [proxyName(name), podsName(name)];
    const taken = services.find((other) => own.includes(other.name));
    const tooLong = own.some((derived) => derived.length > maxNameLength);
    return [
      ...ownerFaults(key, connectionProxy),
      ...(taken === undefined
        ? []
        : [fault(key, taken.name, `no service by the name of ${own.join(" or ")}, which are the proxy's`)]),
      ...(tooLong
        ? [fault(`services[${index}].name`, name, "a name of at most 56 characters, with a connectionProxy")]
        : []),
      ...(connectionProxy.checkTokens && auth.kind !== "jwt"
        ? [fault(`${key}.checkTokens`, true, "false, unless auth.kind is jwt")]
        : []),
    ];
  });
}

/** Of a Service: RFC 1035. */
const maxNameLength = 63;

function timeFaults(config: ConfigValues): Fault[] {
  const { affinity, edge, session, sockets } = config;
  const { cookie, idleTimeouts, propagationSeconds } = edgeTraits(edge, affinity);
  return timingFaults({
    drain: drainOf(config),
    ping: { path: "sockets.pingIntervalSeconds", seconds: sockets.pingIntervalSeconds },
    sessionTtl: { path: "session.ttlSeconds", seconds: session.ttlSeconds },
    idleTimeouts,
    affinityAges: [
      { path: "affinity.clientIpTimeoutSeconds", seconds: affinity.clientIpTimeoutSeconds },
      ...(cookie("/") === undefined
        ? []
        : [{ path: "affinity.cookieMaxAgeSeconds", seconds: affinity.cookieMaxAgeSeconds }]),
    ],
    propagationSeconds,
  });
}

/** Services share a namespace with each other, with the store and with the default policy. */
function nameFaults({ services, sessionStore }: ConfigValues): Fault[] {
  const taken = new Map<string, string>([[defaultDenyName, "the namespace's policy"]]);
  if (sessionStore.kind === "redis") {
    for (const name of Object.values(redisNames)) taken.set(name, "the session store");
  }
  return services.flatMap(({ name }, index) => {
    const owner = taken.get(name);
    taken.set(name, `services[${index}]`);
    return owner === undefined
      ? []
      : [fault(`services[${index}].name`, name, `a name that ${owner} does not have`)];
  });
}

/**
 * Two services on one path cannot be told apart. One path inside another can, but a browser sends the outer
 * path's cookie to the inner one too, under the same name.
 */
function pathFaults({ services, edge, affinity }: ConfigValues): Fault[] {
  const { cookie, ownHosts } = edgeTraits(edge, affinity);
  if (ownHosts) return [];
  const cookies = cookie("/") !== undefined;
  return services.flatMap(({ path }, index) =>
    services.slice(0, index).flatMap((other, earlier) => {
      const key = `services[${index}].path`;
      if (path === other.path) return [fault(key, path, `a path that services[${earlier}] does not have`)];
      if (!cookies || !(contains(path, other.path) || contains(other.path, path))) return [];
      return [
        fault(
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

function scaleFaults({ services, autoscaler }: ConfigValues): Fault[] {
  const scaled = services.flatMap(({ name, autoscaling, connectionProxy }, index) => {
    const key = `services[${index}].name`;
    return [
      ...(autoscaling === undefined ? [] : [{ key, name }]),
      ...(connectionProxy?.autoscaling === undefined ? [] : [{ key, name: proxyName(name) }]),
    ];
  });
  return [
    ...services.flatMap((service, index) => ownerFaults(`services[${index}]`, service)),
    ...autoscalerFaults(autoscaler, scaled),
  ];
}

/** Of the number of replicas there is one owner. */
function ownerFaults(
  key: string,
  { replicas, autoscaling }: Pick<ServiceValues, "replicas" | "autoscaling">,
): Fault[] {
  if (autoscaling === undefined) return [];
  const faults: Fault[] = [];
  if (replicas !== undefined) {
    faults.push(fault(`${key}.replicas`, replicas, "nothing, since autoscaling owns the number"));
  }
  if (autoscaling.maxReplicas < autoscaling.minReplicas) {
    faults.push(
      fault(
        `${key}.autoscaling.maxReplicas`,
        autoscaling.maxReplicas,
        `at least minReplicas (${autoscaling.minReplicas})`,
      ),
    );
  }
  return faults;
}

function cookieFaults({ affinity, edge }: ConfigValues): Fault[] {
  if (affinity.cookieSecure) return [];
  const { tls, cookie } = edgeTraits(edge, affinity);
  if (cookie("/") === undefined) return [];
  if (tls !== undefined) return [fault("affinity.cookieSecure", false, `true, since ${tls} is set`)];
  if (affinity.cookieSameSite === "None") {
    return [
      fault("affinity.cookieSecure", false, "true, since browsers drop a SameSite None cookie without it"),
    ];
  }
  return [];
}

function storeFaults(config: ConfigValues, { redisUrl }: SecretValues): Fault[] {
  const { sessionStore } = config;
  const faults = durabilityFaults(config);
  if (sessionStore.kind !== "external") {
    if (redisUrl !== undefined)
      faults.push(fault("redisUrl", secret, "nothing, unless sessionStore.kind is external"));
    return [...faults, ...(sessionStore.kind === "elasticache" ? elasticacheFaults(sessionStore) : [])];
  }
  if (redisUrl === undefined) {
    faults.push(
      fault(
        "redisUrl",
        undefined,
        "the store's URL; set it with: pulumi config set --secret holdfast:redisUrl redis://…",
      ),
    );
  }
  if (sessionStore.sentinelName !== undefined && sessionStore.mode !== "sentinel") {
    faults.push(
      fault("sessionStore.sentinelName", sessionStore.sentinelName, "nothing, unless mode is sentinel"),
    );
  }
  return faults;
}

/** What a store cannot confirm, the application would wait for in vain, or refuse at its start. */
function durabilityFaults({ sessionStore, session: { durability } }: ConfigValues): Fault[] {
  if (durability === "memory") return [];
  const refuse = (allowed: string) => [fault("session.durability", durability, allowed)];
  switch (sessionStore.kind) {
    case "redis":
      return durability === "replica" ? refuse("memory or aof, since sessionStore redis has no replica") : [];
    case "elasticache":
      // AWS takes no append-only file from Redis 2.8.22 on.
      if (durability === "aof") return refuse("memory or replica, since ElastiCache has no append-only file");
      if (sessionStore.shards !== undefined)
        return refuse("memory, since sessionStore.shards turns cluster mode on");
      return sessionStore.replicas === 0 ? refuse("memory, since sessionStore.replicas is 0") : [];
    case "external":
      return sessionStore.mode === "cluster" ? refuse("memory, since sessionStore.mode is cluster") : [];
  }
}

function authFaults({ auth }: ConfigValues, { jwtSecret }: SecretValues): Fault[] {
  if (auth.kind === "anonymous") {
    return jwtSecret === undefined ? [] : [fault("jwtSecret", secret, "nothing, unless auth.kind is jwt")];
  }
  const keys = Object.entries({ jwksUrl: auth.jwksUrl, publicKey: auth.publicKey, jwtSecret })
    .filter(([, value]) => value !== undefined)
    .map(([key]) => key);
  if (keys.length === 1) return [];
  return [
    {
      path: "auth",
      found: keys.length === 0 ? "no key" : keys.join(" and "),
      allowed: "exactly one of auth.jwksUrl, auth.publicKey, the secret holdfast:jwtSecret",
    },
  ];
}

/** A browser's sockets need an origin that is let in, and the page itself a way past the edge. */
function pageFaults({ servePage, allowedOrigins, services }: ConfigValues): Fault[] {
  if (!servePage) return [];
  const faults = services.flatMap(({ connectionProxy }, index) =>
    connectionProxy === undefined
      ? []
      : [fault("servePage", true, `false: the proxy of services[${index}] passes on sockets alone`)],
  );
  if (allowedOrigins.length > 0) return faults;
  const allowed = "the page's own origin, such as https://<host>: a browser's sockets are refused without it";
  return [...faults, fault("allowedOrigins", "nothing, with servePage", allowed)];
}

/** What is said of a secret's value. */
const secret = "a secret";
