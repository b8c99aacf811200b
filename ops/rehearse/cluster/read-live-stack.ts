import { componentLabels } from "../../../infra/labels";
import { ask, type KubernetesClient } from "../../kubernetes/client";
import { hostOf, readRouting } from "./hosts";
import { describeDeployment, isApplication, type LiveStack } from "./live-stack";

const websocketServices = toSelector(componentLabels("websocket-service"));
const sessionStores = toSelector(componentLabels("session-store"));

/**
 * Reads what runs in a namespace.
 *
 * @param wantedHost the host for clients, if the namespace has several
 */
export async function readLiveStack(
  client: KubernetesClient,
  namespace: string,
  wantedHost?: string,
): Promise<LiveStack> {
  const { core, apps, autoscaling, networking } = client;
  const labelSelector = websocketServices;
  const list = <T>(what: string, request: Promise<{ items: T[] }>) =>
    ask(`list the ${what} of namespace ${namespace}`, request).then(({ items }) => items);
  const [deployments, routing, scalers, stores, policies, accounts] = await Promise.all([
    list("Deployments", apps.listNamespacedDeployment({ namespace, labelSelector })),
    readRouting(client, namespace),
    list("autoscalers", autoscaling.listNamespacedHorizontalPodAutoscaler({ namespace })),
    list("StatefulSets", apps.listNamespacedStatefulSet({ namespace, labelSelector: sessionStores })),
    list("NetworkPolicies", networking.listNamespacedNetworkPolicy({ namespace })),
    list("pods", core.listNamespacedPod({ namespace, labelSelector })),
  ]);
  const secrets = accounts.flatMap(({ spec }) => spec?.imagePullSecrets ?? []);
  return {
    namespace,
    services: deployments.filter(isApplication).map(describeDeployment),
    host: hostOf(routing, wantedHost),
    autoscaled: scalers.flatMap(({ spec }) =>
      spec?.scaleTargetRef.kind === "Deployment" ? spec.scaleTargetRef.name : [],
    ),
    stores: stores.flatMap(({ metadata }) => metadata?.name ?? []),
    policies,
    imagePullSecrets: [...new Set(secrets.flatMap(({ name }) => name ?? []))],
  };
}

function toSelector(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(",");
}
