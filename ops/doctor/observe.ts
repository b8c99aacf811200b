import { ports } from "../../infra/ports";
import { showProgress, type Step } from "../terminal/progress";
import type { Api } from "../kubernetes/api";
import { parseExposition } from "../kubernetes/exposition";
import { getFromPod } from "../kubernetes/pod-http";
import { askVersion } from "./probes/controller-version";
import { visitEdge, routeToEdge } from "./probes/edge";
import { measureReconnects } from "./probes/reconnect";
import { askRedis } from "./probes/redis";
import { upgrade } from "./probes/upgrade";
import { routeToPod } from "./probes/route";
import { readCluster, running } from "./reader";
import type { Observed, Snapshot, Source } from "./snapshot";
import { isReady, subjects } from "./subjects";
import type { Config } from "../../infra/config";

export interface Observation {
  readonly api: Api;
  readonly stack: string;
  readonly config: Config;
  /** The URL for clients; undefined: through the API server to the controller's pod. */
  readonly edge: URL | undefined;
  /** A token for stacks that require one. */
  readonly token: string | undefined;
  /** The sources that the checks need; nothing else is requested from running programs. */
  readonly sources: ReadonlySet<Source>;
  /** False: reads objects, and requests nothing from running programs. */
  readonly live: boolean;
}

/** The values of sources that were not read. */
const nothing: Omit<Observed, "serverVersion"> = {
  controllerVersions: {},
  metrics: {},
  redis: { settings: {}, info: {} },
  podUpgrades: {},
  edge: {},
  reconnects: {},
};

/** Takes a snapshot of a stack: reads its objects, then asks the running programs. Throws NoClusterError. */
export async function takeSnapshot({
  api,
  stack,
  config,
  edge,
  token,
  sources,
  live,
}: Observation): Promise<Snapshot> {
  const { objects, unavailable: unread, serverVersion } = await readCluster(api, config);
  const unavailable: Partial<Record<Source, string>> = { ...unread };
  let observed: Observed = { ...nothing, serverVersion };
  const snapshot = (): Snapshot => ({ stack, config, objects, observed, unavailable });
  if (!live) {
    for (const source of Object.keys(nothing) as Source[]) {
      if (source !== "controllerVersions") unavailable[source] = "not asked, because of --no-live";
    }
    return snapshot();
  }

  const pods = subjects(snapshot()).flatMap((subject) =>
    running(subject.pods).map((pod) => ({ pod, subject })),
  );
  /** A step that fills one source, if a check needs it. Its error becomes the reason why the source is unavailable. */
  const step = (title: string, source: keyof Observed, look: () => Promise<Partial<Observed>>): Step[] => {
    if (!sources.has(source)) return [];
    const run: Step["run"] = async (report) => {
      try {
        const seen = await look();
        observed = { ...observed, ...seen };
      } catch (error) {
        unavailable[source] = error instanceof Error ? error.message : String(error);
        report(unavailable[source] ?? "");
      }
    };
    return [{ title, run }];
  };
  const each = async <T>(look: (pod: (typeof pods)[number], name: string) => Promise<T>) =>
    Object.fromEntries(
      await Promise.all(
        pods.map(async (entry) => {
          const name = entry.pod.metadata?.name ?? "";
          return [name, await look(entry, name)] as const;
        }),
      ),
    );
  const ofServices = async <T>(look: (service: Config["services"][number]) => Promise<T>) => {
    const seen: Record<string, T> = {};
    for (const service of config.services) seen[service.name] = await look(service);
    return seen;
  };

  await showProgress(
    [
      ...step("asking the ingress controller for its version", "controllerVersions", async () => {
        const versions = await Promise.all(
          objects.controllerPods.map(
            async (pod) => [pod.metadata?.name ?? "", await askVersion(api, pod)] as const,
          ),
        );
        return {
          controllerVersions: Object.fromEntries(
            versions.flatMap(([pod, output]) => (output === undefined ? [] : [[pod, output]])),
          ),
        };
      }),
      ...step("reading the metrics of each pod", "metrics", async () => ({
        metrics: await each(async (_entry, pod) =>
          parseExposition(
            await getFromPod(api, { namespace: config.namespace.name, pod, port: ports.metrics }, "/metrics"),
          ),
        ),
      })),
      ...(config.sessionStore.kind === "redis"
        ? step("asking the session store", "redis", async () => ({
            redis: await askRedis(api, config.namespace.name),
          }))
        : []),
      ...step("opening a WebSocket at each pod", "podUpgrades", async () => ({
        podUpgrades: await each(({ subject }, pod) =>
          upgrade(
            routeToPod(
              api,
              { namespace: config.namespace.name, pod, port: ports.http },
              config.host ?? "",
              false,
            ),
            subject.config.path,
          ),
        ),
      })),
    ],
    { concurrent: true },
  );
  await showProgress([
    ...(config.edge.kind === "none"
      ? []
      : step("connecting through the edge, and again with its cookie", "edge", async () => {
          const route = routeToEdge(api, snapshot(), edge);
          return { edge: await ofServices((service) => visitEdge(route, service)) };
        })),
    ...step("cutting a test client's socket, and timing its reconnect", "reconnects", async () => {
      if (config.auth?.kind === "jwt" && token === undefined) {
        throw new Error("the stack requires a token: set HOLDFAST_TOKEN to one that may join rooms");
      }
      const route = routeToEdge(api, snapshot(), edge);
      const served = subjects(snapshot()).filter((subject) => subject.pods.some(isReady));
      const seen: Record<string, Observed["reconnects"][string]> = {};
      for (const { name, config: service } of served) {
        const { firstVisits = [] } = observed.edge[name] ?? {};
        const shut = firstVisits.length > 0 && firstVisits.every(({ status }) => status !== 101);
        seen[name] = shut
          ? { via: route.via, ms: [], resumed: 0, failed: { wasServed: false, reason: "no WebSocket opens" } }
          : await measureReconnects(route, service.path, token);
      }
      return { reconnects: seen };
    }),
  ]);
  return snapshot();
}
