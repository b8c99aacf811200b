import type * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { pulumiSkipAwait } from "../../../annotations";
import { componentSelector } from "../../../labels";
import { redisPort } from "../../../ports";
import { labelsOf, selectorOf, type Names } from "./names";

/** The Services of the server, and its NetworkPolicy. */

export function headlessService(names: Names, namespace: pulumi.Input<string>): k8s.core.v1.ServiceArgs {
  return {
    metadata: { name: names.headless, namespace, labels: labelsOf(names) },
    spec: {
      clusterIP: "None",
      selector: selectorOf(names),
      ports: [{ name: "redis", port: redisPort, targetPort: "redis" }],
    },
  };
}

export function clientService(names: Names, namespace: pulumi.Input<string>): k8s.core.v1.ServiceArgs {
  return {
    // Pulumi waits for the StatefulSet; the endpoints of its Service follow.
    metadata: {
      name: names.workload,
      namespace,
      labels: labelsOf(names),
      annotations: { [pulumiSkipAwait]: "true" },
    },
    spec: {
      type: "ClusterIP",
      selector: selectorOf(names),
      ports: [{ name: "redis", port: redisPort, targetPort: "redis" }],
    },
  };
}

/** Only pods of the stack's services may connect to the server, and it may connect nowhere. */
export function policy(names: Names, namespace: pulumi.Input<string>): k8s.networking.v1.NetworkPolicyArgs {
  return {
    metadata: { name: names.workload, namespace, labels: labelsOf(names) },
    spec: {
      podSelector: { matchLabels: selectorOf(names) },
      policyTypes: ["Ingress", "Egress"],
      ingress: [
        {
          from: [{ podSelector: { matchLabels: componentSelector("websocket-service") } }],
          ports: [{ protocol: "TCP", port: redisPort }],
        },
      ],
    },
  };
}
