import { join } from "node:path";
import { LocalCluster, type LocalClusterArgs } from "../../../ops/local/cluster";
import type { Deployment, Ingress, Manifest, Service } from "../../../ops/local/manifest";

/** The parts of a Deployment that tests vary. */
export interface DeploymentOptions {
  readonly name?: string;
  readonly replicas?: number;
  readonly minReadySeconds?: number;
  readonly graceSeconds?: number;
  readonly env?: Readonly<Record<string, string>>;
  readonly strategy?: NonNullable<Deployment["spec"]>["strategy"];
  readonly preStop?: NonNullable<NonNullable<Lifecycle>["preStop"]>;
}

type Lifecycle = NonNullable<Deployment["spec"]>["template"]["spec"] extends infer Spec
  ? NonNullable<Spec> extends { readonly containers: readonly (infer C)[] }
    ? C extends { readonly lifecycle?: infer L }
      ? L
      : never
    : never
  : never;

/** Probes run every 50 ms here: the runner accepts fractions of a second, which Kubernetes would refuse. */
const often = { periodSeconds: 0.05, failureThreshold: 1 };

export function deployment(options: DeploymentOptions = {}): Manifest & Deployment {
  const {
    name = "echo",
    replicas = 1,
    minReadySeconds = 0,
    graceSeconds = 5,
    env = {},
    strategy,
    preStop,
  } = options;
  const labels = { "app.kubernetes.io/name": name };
  const probe = (path: string) => ({ httpGet: { path, port: "http" }, ...often });
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name, namespace: "nova" },
    spec: {
      replicas,
      minReadySeconds,
      selector: { matchLabels: labels },
      strategy: strategy ?? { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
      template: {
        metadata: { labels },
        spec: {
          terminationGracePeriodSeconds: graceSeconds,
          containers: [
            {
              name: "app",
              image: "fake",
              ports: [
                { name: "http", containerPort: 8080 },
                { name: "lifecycle", containerPort: 9091 },
              ],
              env: [
                { name: "POD_NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
                ...Object.entries(env).map(([key, value]) => ({ name: key, value })),
              ],
              startupProbe: { ...probe("/startupz"), failureThreshold: 200 },
              readinessProbe: probe("/readyz"),
              livenessProbe: probe("/livez"),
              ...(preStop && { lifecycle: { preStop } }),
            },
          ],
        },
      },
    },
  };
}

export function service(name = "echo", affinity = true): Manifest & Service {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name, namespace: "nova" },
    spec: {
      selector: { "app.kubernetes.io/name": name },
      ports: [{ name: "http", port: 8080, targetPort: "http" }],
      ...(affinity && {
        sessionAffinity: "ClientIP",
        sessionAffinityConfig: { clientIP: { timeoutSeconds: 10_800 } },
      }),
    },
  };
}

export interface IngressOptions {
  readonly name?: string;
  readonly host?: string;
  readonly path?: string;
  readonly service?: string;
  /** Without the prefix of ingress-nginx. */
  readonly annotations?: Readonly<Record<string, string>>;
}

/** The annotations of a persistent cookie. */
export const persistentCookie = {
  affinity: "cookie",
  "affinity-mode": "persistent",
  "session-cookie-name": "SERVERID",
  "session-cookie-max-age": "86400",
  "session-cookie-change-on-failure": "true",
  "session-cookie-samesite": "Lax",
};

export function ingress(options: IngressOptions = {}): Manifest & Ingress {
  const {
    service: backend = "echo",
    name = backend,
    host,
    path = `/${backend}`,
    annotations = persistentCookie,
  } = options;
  const prefixed = Object.entries(annotations).map(([key, value]) => [
    `nginx.ingress.kubernetes.io/${key}`,
    value,
  ]);
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "Ingress",
    metadata: {
      name,
      namespace: "nova",
      annotations: Object.fromEntries(prefixed) as Record<string, string>,
    },
    spec: {
      rules: [
        {
          ...(host && { host }),
          http: {
            paths: [
              { path, pathType: "Prefix", backend: { service: { name: backend, port: { name: "http" } } } },
            ],
          },
        },
      ],
    },
  };
}

/** A cluster of fake pods. */
export function startCluster(
  objects: readonly Manifest[],
  args: Partial<LocalClusterArgs> = {},
): Promise<LocalCluster> {
  const command = { file: process.execPath, args: [join(__dirname, "fake-pod.mjs")] };
  return LocalCluster.start({ objects, commandFor: () => command, ...args });
}
