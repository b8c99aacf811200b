import type { V1ConfigMap, V1NetworkPolicy, V1Pod } from "@kubernetes/client-node";
import { ports } from "../../../infra/ports";
import { isIsolated } from "./isolation";
import { rehearsalLabel } from "./labels";
import type { LiveStack, ServiceDescription } from "./live-stack";

export interface LoadPodsArgs {
  /** The rehearsal's id; all names begin with it. */
  readonly id: string;
  readonly stack: LiveStack;
  readonly services: readonly ServiceDescription[];
  readonly count: number;
  /** An image with Node.js 20 or newer. */
  readonly image: string;
  /** The pods end after this time, whatever happens to the rehearsal. Seconds. */
  readonly deadlineSeconds: number;
  /** A node on which they do not run, because it will be drained. */
  readonly avoid: string | undefined;
}

/** The container of a load pod. */
export const loadContainer = "load";

/** The program of load pods, mounted into them. */
export function loadScript(args: LoadPodsArgs, script: string): V1ConfigMap {
  return { metadata: metadata(args, "script"), immutable: true, data: { "load.js": script } };
}

function metadata({ id }: LoadPodsArgs, name: string) {
  return {
    name: `rehearsal-${id}-${name}`,
    labels: { "app.kubernetes.io/part-of": "holdfast", [rehearsalLabel]: id },
  };
}

/** A load pod. Pod Security `restricted` admits it. */
export function loadPod(args: LoadPodsArgs, name: string): V1Pod {
  const avoiding = [{ key: "kubernetes.io/hostname", operator: "NotIn", values: [args.avoid ?? ""] }];
  return {
    metadata: metadata(args, name),
    spec: {
      restartPolicy: "Never",
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      activeDeadlineSeconds: args.deadlineSeconds,
      terminationGracePeriodSeconds: 5,
      imagePullSecrets: args.stack.imagePullSecrets.map((secret) => ({ name: secret })),
      securityContext: {
        runAsNonRoot: true,
        runAsUser: 1000,
        runAsGroup: 1000,
        seccompProfile: { type: "RuntimeDefault" },
      },
      ...(args.avoid !== undefined && {
        affinity: {
          nodeAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: {
              nodeSelectorTerms: [{ matchExpressions: avoiding }],
            },
          },
        },
      }),
      containers: [
        {
          name: loadContainer,
          image: args.image,
          imagePullPolicy: "IfNotPresent",
          command: ["node", "/rehearsal/load.js"],
          // The process is controlled by its input and output, and ends when they are closed.
          stdin: true,
          stdinOnce: true,
          securityContext: {
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ["ALL"] },
          },
          resources: { requests: { cpu: "50m", memory: "128Mi" }, limits: { memory: "512Mi" } },
          volumeMounts: [{ name: "script", mountPath: "/rehearsal", readOnly: true }],
        },
      ],
      volumes: [{ name: "script", configMap: { name: metadata(args, "script").name } }],
    },
  };
}

/** Policies that let the load pods connect, and that open the services to them if the services are isolated. */
export function loadPolicies(args: LoadPodsArgs): V1NetworkPolicy[] {
  const load = { matchLabels: { [rehearsalLabel]: args.id } };
  const closed = args.services.filter(({ labels }) => isIsolated(labels, args.stack.policies));
  return [
    {
      metadata: metadata(args, "load"),
      spec: { podSelector: load, policyTypes: ["Ingress", "Egress"], egress: [{}] },
    },
    ...closed.map(({ name, selector }) => ({
      metadata: metadata(args, `into-${name}`),
      spec: {
        podSelector: { matchLabels: { ...selector } },
        policyTypes: ["Ingress"],
        ingress: [{ from: [{ podSelector: load }], ports: [{ protocol: "TCP", port: ports.http }] }],
      },
    })),
  ];
}
