import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { stackLabels } from "../../labels";
import { checkNamespace, checkObjectName } from "../names";
import { parseArgs, type FlatArgs } from "../flat-args";
import { lift } from "../input";
import { dashboard } from "./dashboard";
import { podMonitorSpec } from "./pod-monitor";
import { ruleGroups } from "./rule-groups";
import { prometheusOperatorSchema } from "./schema";

export interface MonitoringArgs extends FlatArgs<typeof prometheusOperatorSchema> {
  /** The namespace of the services. Default `default`. */
  readonly namespace?: pulumi.Input<string> | undefined;
  /** The namespace's name for the expressions. Defaults to the namespace. */
  readonly namespaceName?: pulumi.Input<string> | undefined;
  /** The names of the services that run the Holdfast application. All alerts cover them. */
  readonly services: readonly string[];
  /**
   * The names of services with your own image whose pods have a port `metrics`. An alert covers their scrapes, and none reads
   * Holdfast's metrics of them. Default none.
   */
  readonly otherServices?: readonly string[] | undefined;
  /** The name of the PodMonitor and the PrometheusRule; the dashboard adds `-dashboard`. Defaults to the resource's name. */
  readonly objectName?: string | undefined;
}

const api = "monitoring.coreos.com/v1";

/**
 * Prometheus scrapes the pods (PodMonitor) and evaluates the alerts (PrometheusRule), and Grafana shows the dashboard
 * (ConfigMap). Guards against incidents that nobody sees: monitors without the label that Prometheus selects by, pods that are
 * not scraped while they drain, alerts on metrics that do not exist, alerts without instructions.
 */
export class Monitoring extends pulumi.ComponentResource {
  constructor(name: string, args: MonitoringArgs, opts?: pulumi.ComponentResourceOptions) {
    super("holdfast:index:Monitoring", name, args, opts);
    const { namespace: given, namespaceName, services, otherServices, ...rest } = args;
    const { objectName: ownName = name, ...own } = rest;
    const where = `Monitoring ${name}`;
    checkObjectName(where, ownName);
    const namespace = checkNamespace(where, given);
    const config = parseArgs(where, prometheusOperatorSchema, own);
    const child = { parent: this };
    const selected = { ...stackLabels, ...config.labels };

    new k8s.apiextensions.CustomResource(
      `${name}-pods`,
      {
        apiVersion: api,
        kind: "PodMonitor",
        metadata: { name: ownName, namespace, labels: selected },
        spec: podMonitorSpec(config.scrapeIntervalSeconds),
      },
      child,
    );
    new k8s.apiextensions.CustomResource(
      `${name}-rules`,
      {
        apiVersion: api,
        kind: "PrometheusRule",
        metadata: { name: ownName, namespace, labels: selected },
        spec: {
          groups: lift([namespaceName ?? namespace], (known) =>
            ruleGroups({ namespace: known, services, otherServices }, config.runbooks),
          ),
        },
      },
      child,
    );
    new k8s.core.v1.ConfigMap(
      `${name}-dashboard`,
      {
        // A fixed name: if it changed with the content, there would be two objects for a moment, and the sidecar, which goes by
        // the key, would then remove the file of both.
        metadata: {
          name: `${ownName}-dashboard`,
          namespace,
          labels: { ...stackLabels, ...config.dashboardLabels },
        },
        // The sidecar writes the files of all namespaces into one folder.
        data: lift([namespaceName ?? namespace], (known) => ({
          [`${ownName}-${known}.json`]: JSON.stringify(dashboard(known), null, 2),
        })),
      },
      child,
    );
    this.registerOutputs({});
  }
}
