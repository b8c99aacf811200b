import type * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { pulumiSkipAwait } from "../../../annotations";
import { componentLabels } from "../../../labels";
import { redisPort } from "../../../ports";
import { labelsOf, selectorOf, type Names } from "./names";

/** How the server is reached, and by whom. */

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
    // The StatefulSet is waited for; its Service's endpoints follow.
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

/** Only pods of the stack's services come in, and nothing goes out. */
export function policy(names: Names, namespace: pulumi.Input<string>): k8s.networking.v1.NetworkPolicyArgs {
  return {
    metadata: { name: names.workload, namespace, labels: labelsOf(names) },
    spec: {
      podSelector: { matchLabels: selectorOf(names) },
      policyTypes: ["Ingress", "Egress"],
      ingress: [
        {
          from: [{ podSelector: { matchLabels: componentLabels("websocket-service") } }],
          ports: [{ protocol: "TCP", port: redisPort }],
        },
      ],
    },
  };
}
