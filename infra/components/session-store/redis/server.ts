import type * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { redisPort } from "../../../ports";
import { optional } from "../../../kubernetes/optional";
import { podStartupSeconds } from "../../../timing";
import { restrictedContainer, restrictedPod } from "../../restricted";
import { labelsOf, selectorOf, type Names } from "./names";
import type { RedisConfig } from "./schema";

/** The user of the official images; other images run as any user. */
const redisUser = 999;

/** Loading a large file takes minutes; the server answers LOADING meanwhile. */
const startupProbe = { periodSeconds: 2, failureThreshold: 150 };

/** Time for Redis to write the rest of its file. Seconds. */
const gracePeriodSeconds = 30;

/** Time to provision a volume, to attach it to the node and to pull the image. Seconds. */
const volumeAndImageSeconds = 120;

/**
 * After this time, Kubernetes detaches the volume from a node that does not answer. Seconds.
 * https://kubernetes.io/docs/concepts/cluster-administration/node-shutdown/#storage-force-detach-on-timeout
 */
const volumeMoveSeconds = 360;

const createSeconds = volumeAndImageSeconds + podStartupSeconds([{ startupProbe }]);

/** How long Pulumi waits for the server. An update also waits for the end of the old pod, and for its volume. */
export const serverTimeouts = {
  create: `${createSeconds}s`,
  update: `${gracePeriodSeconds + volumeMoveSeconds + createSeconds}s`,
};

/** In Redis, the unit mb means MiB. */
export function redisConf(config: RedisConfig): string {
  return [
    "dir /data",
    "appendonly yes",
    "appendfsync everysec",
    // The append-only file is the only copy: snapshots would only cost memory when Redis forks for them.
    'save ""',
    // The rest of the limit is for buffers, and for pages that are copied while the file is rewritten.
    `maxmemory ${Math.floor(config.memoryMiB * 0.7)}mb`,
    "maxmemory-policy noeviction",
    // A subscriber that reads so slowly is cut. After it reconnects, it reads the missing messages from the stream.
    "client-output-buffer-limit pubsub 32mb 8mb 60",
    "tcp-keepalive 60",
    "",
  ].join("\n");
}

/** The namespace of the server, and the names of the objects there that it reads. */
interface Surroundings {
  readonly namespace: pulumi.Input<string>;
  /** Has the password. */
  readonly secretName: pulumi.Input<string>;
  /** Has `redis.conf`. */
  readonly configMapName: pulumi.Input<string>;
  readonly imagePullSecrets?: readonly pulumi.Input<string>[] | undefined;
}

export function statefulSet(
  names: Names,
  config: RedisConfig,
  { namespace, secretName, configMapName, imagePullSecrets = [] }: Surroundings,
): k8s.apps.v1.StatefulSetArgs {
  const ping = { exec: { command: ["redis-cli", "-e", "ping"] }, timeoutSeconds: 5 };
  const memory = `${config.memoryMiB}Mi`;
  return {
    metadata: { name: names.workload, namespace, labels: labelsOf(names) },
    spec: {
      serviceName: names.headless,
      replicas: 1,
      selector: { matchLabels: selectorOf(names) },
      persistentVolumeClaimRetentionPolicy: { whenDeleted: "Retain", whenScaled: "Retain" },
      template: {
        metadata: { labels: labelsOf(names) },
        spec: {
          automountServiceAccountToken: false,
          enableServiceLinks: false,
          terminationGracePeriodSeconds: gracePeriodSeconds,
          securityContext: restrictedPod(redisUser),
          ...optional(
            "imagePullSecrets",
            imagePullSecrets.map((secret) => ({ name: secret })),
          ),
          ...optional("nodeSelector", config.nodeSelector),
          ...optional("tolerations", config.tolerations),
          containers: [
            {
              name: "redis",
              image: config.image,
              // The server gets the password on its standard input, because arguments show in process lists. `exec` makes the
              // server process 1, which gets SIGTERM.
              command: ["sh", "-c", startScript],
              env: [
                // redis-cli reads this variable, so the probes need no password of their own.
                {
                  name: "REDISCLI_AUTH",
                  valueFrom: { secretKeyRef: { name: secretName, key: "password" } },
                },
              ],
              ports: [{ name: "redis", containerPort: redisPort }],
              startupProbe: { ...ping, ...startupProbe },
              readinessProbe: { ...ping, periodSeconds: 5, failureThreshold: 2 },
              livenessProbe: { ...ping, periodSeconds: 10, failureThreshold: 6 },
              resources: { requests: { cpu: "100m", memory }, limits: { memory } },
              securityContext: restrictedContainer,
              volumeMounts: [
                { name: "data", mountPath: "/data" },
                { name: "config", mountPath: "/etc/redis", readOnly: true },
                { name: "tmp", mountPath: "/tmp" },
              ],
            },
          ],
          volumes: [
            { name: "config", configMap: { name: configMapName } },
            { name: "tmp", emptyDir: {} },
          ],
        },
      },
      volumeClaimTemplates: [
        {
          // The list is atomic, and the API server adds missing fields. An `up` that repeats an interrupted one has another field
          // manager, and would conflict with them.
          apiVersion: "v1",
          kind: "PersistentVolumeClaim",
          metadata: { name: "data" },
          spec: {
            accessModes: ["ReadWriteOnce"],
            resources: { requests: { storage: `${config.storageGiB}Gi` } },
            volumeMode: "Filesystem",
            ...(config.storageClassName === undefined ? {} : { storageClassName: config.storageClassName }),
          },
          status: { phase: "Pending" },
        },
      ],
    },
  };
}

const startScript = [
  "exec redis-server - <<END",
  "include /etc/redis/redis.conf",
  "requirepass $REDISCLI_AUTH",
  "END",
].join("\n");
