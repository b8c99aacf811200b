import { proxyName } from "../../components/connection-proxy/names";
import { issue, type ConfigIssue } from "../issue";
import type { ResolvedConfig } from "../resolve";
import type { ServiceValues } from "../schema";
import type { Checked } from "./checked";

/** The workloads with an autoscaler, each with its configuration key. */
export function scaledWorkloads({ services }: ResolvedConfig): { key: string; name: string }[] {
  return services.flatMap(({ name, scale, connectionProxy }, index) => {
    const key = `services[${index}].name`;
    return [
      ...(typeof scale === "number" ? [] : [{ key, name }]),
      ...(connectionProxy === undefined || typeof connectionProxy.scale === "number"
        ? []
        : [{ key, name: proxyName(name) }]),
    ];
  });
}

export function scaleIssues({ values, config }: Checked): ConfigIssue[] {
  return values.services.flatMap((service, index) => {
    const key = `services[${index}]`;
    const ours = config.services[index]?.isApplication === true;
    const { autoscaling, ports } = service;
    return [
      ...ownerIssues(key, service),
      ...(service.connectionProxy === undefined
        ? []
        : [
            ...ownerIssues(`${key}.connectionProxy`, service.connectionProxy),
            ...proxyMetricIssues(`${key}.connectionProxy`, service.connectionProxy),
          ]),
      ...(autoscaling === undefined || ours || ports?.metrics !== undefined
        ? []
        : [
            issue(
              `${key}.ports.metrics`,
              undefined,
              "the port where your image exports its open sockets, which autoscaling reads",
            ),
          ]),
    ];
  });
}

/** A proxy exports one gauge of open sockets. */
function proxyMetricIssues(key: string, { autoscaling }: Pick<ServiceValues, "autoscaling">): ConfigIssue[] {
  const metric = autoscaling?.metric;
  if (metric === undefined) return [];
  return [
    issue(`${key}.autoscaling.metric`, metric, "nothing, since a proxy scales by proxy_sockets_active"),
  ];
}

/** Either `replicas` or the autoscaler decides the number of pods, not both. */
function ownerIssues(
  key: string,
  { replicas, autoscaling }: Pick<ServiceValues, "replicas" | "autoscaling">,
): ConfigIssue[] {
  if (autoscaling === undefined) return [];
  const { minReplicas, maxReplicas } = autoscaling;
  return [
    ...(replicas === undefined
      ? []
      : [issue(`${key}.replicas`, replicas, "nothing, since autoscaling sets the number of pods")]),
    ...(maxReplicas >= minReplicas
      ? []
      : [issue(`${key}.autoscaling.maxReplicas`, maxReplicas, `at least minReplicas (${minReplicas})`)]),
  ];
}
