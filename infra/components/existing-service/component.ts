import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { pulumiSkipAwait } from "../../annotations";
import { workloadLabels } from "../../labels";
import { defaultClientIpTimeoutSeconds } from "../../timing";
import type { EdgeBackend } from "../edge/edge";
import { checkArgs } from "../check-args";
import { ArgumentError, lift } from "../input";
import { disruptionBudget, rolloutTimeouts } from "../workload";
import { serviceDrain } from "../websocket-service/drain";
import { preStopLifecycle } from "../websocket-service/pod";
import { deploymentFields, serviceFields, type LiveDeployment, type LiveService } from "./fields";
import type { ExistingServiceArgs } from "./args";
import { existingServiceSchema } from "./schema";
import { conflicts, describeConflicts, type ManagedFields, type WantedField } from "./ownership";

/** https://www.pulumi.com/registry/packages/kubernetes/how-to-guides/managing-resources-with-server-side-apply/ */
const patchForce = "pulumi.com/patchForce";
const patchFieldManager = "pulumi.com/patchFieldManager";

/**
 * Sticky sessions and a graceful end for a Deployment and a Service that something else owns: Helm, kubectl, another stack. Sets
 * ClientIP affinity, the preStop hook, the grace period, the rollout strategy and minReadySeconds by server-side apply with its
 * own field manager, and creates a PodDisruptionBudget. Every other field stays unchanged. When this resource is deleted, it
 * gives the fields up, and each has Kubernetes' default again, as it had before: a field with another value is refused unless
 * `force` is set.
 */
export class ExistingService extends pulumi.ComponentResource {
  /** What an edge routes to. */
  readonly backend: EdgeBackend;
  /** The grace period of its pods: the longest time from their deletion to their end. Seconds. */
  readonly gracePeriodSeconds: pulumi.Output<number>;

  constructor(name: string, args: ExistingServiceArgs, opts?: pulumi.ComponentResourceOptions) {
    super("holdfast:index:ExistingService", name, args, opts);
    const where = `ExistingService ${name}`;
    const valid = checkArgs(where, existingServiceSchema, args);
    const { namespace = "default", force = false, maxSurge = 1, minReadySeconds = 10 } = valid;
    const { deploymentName = name, serviceName = name, containerName = name } = valid;
    const timeoutSeconds = args.clientIpTimeoutSeconds ?? defaultClientIpTimeoutSeconds;
    const child = { parent: this };
    const manager = `holdfast-${pulumi.getStack()}`;
    const idOf = (object: string) => pulumi.interpolate`${namespace}/${object}`;
    const drain = serviceDrain(where, valid);

    const liveService = k8s.core.v1.Service.get(`${name}-live-service`, idOf(serviceName), child);
    const liveDeployment = k8s.apps.v1.Deployment.get(`${name}-live-deployment`, idOf(deploymentName), child);
    const metadata = (object: string) => ({
      name: object,
      namespace,
      // Forced, because kubectl and Helm own every default of the objects that they create. Values other than defaults are
      // checked above.
      annotations: { [patchForce]: "true", [patchFieldManager]: manager },
    });
    const check = (object: string, fields: readonly WantedField[], managed: readonly ManagedFields[]) => {
      const found = force ? [] : conflicts(fields, managed, manager);
      if (found.length > 0) throw new ArgumentError(describeConflicts(object, found));
    };

    const affinity = pulumi
      .all([liveService.spec, managedFields(liveService.metadata)])
      .apply(([live, managed]) => {
        check(`Service ${serviceName}`, serviceFields(known(live), timeoutSeconds), managed);
        return { sessionAffinity: "ClientIP", sessionAffinityConfig: { clientIP: { timeoutSeconds } } };
      });
    new k8s.core.v1.ServicePatch(
      `${name}-affinity`,
      {
        metadata: {
          ...metadata(serviceName),
          annotations: { ...metadata(serviceName).annotations, [pulumiSkipAwait]: "true" },
        },
        spec: affinity,
      },
      child,
    );

    const lifecycle = pulumi.output(preStopLifecycle(args.preStop ?? "sleep", drain));
    const spec = pulumi
      .all([liveDeployment.spec, managedFields(liveDeployment.metadata), pulumi.output(drain), lifecycle])
      .apply(([given, managed, times, hook]) => {
        const live = known(given);
        requireContainer(deploymentName, containerName, live);
        const settings = {
          container: containerName,
          drain: times,
          maxSurge,
          minReadySeconds,
          preStop: hook?.preStop,
        };
        check(`Deployment ${deploymentName}`, deploymentFields(live, settings), managed);
        return {
          minReadySeconds,
          strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0, maxSurge } },
          template: {
            spec: {
              terminationGracePeriodSeconds: times.gracePeriodSeconds,
              ...(hook === undefined ? {} : { containers: [{ name: containerName, lifecycle: hook }] }),
            },
          },
        };
      });
    new k8s.apps.v1.DeploymentPatch(
      `${name}-pods`,
      { metadata: metadata(deploymentName), spec },
      {
        ...child,
        customTimeouts: rolloutTimeouts(
          { replicas: liveDeployment.spec.replicas, minReadySeconds, registrationSeconds: 0 },
          drain,
        ),
      },
    );

    if (args.disruptionBudget !== false) {
      new k8s.policy.v1.PodDisruptionBudget(
        `${name}-budget`,
        {
          metadata: {
            name: `${deploymentName}-holdfast`,
            namespace,
            labels: workloadLabels(name, "websocket-service"),
          },
          spec: {
            ...disruptionBudget(deploymentName),
            selector: liveDeployment.spec.apply(
              (live) => (live as LiveDeployment | undefined)?.selector ?? {},
            ),
          },
        },
        child,
      );
    }

    this.backend = {
      name,
      serviceName,
      path: args.path ?? "/",
      protocol: args.protocol ?? "websocket",
      port:
        args.port ??
        liveService.spec.apply((live) => (live as LiveService | undefined)?.ports?.[0]?.port ?? 80),
      hasPortName: false,
    };
    this.gracePeriodSeconds = pulumi.output(lift([drain], ({ gracePeriodSeconds }) => gracePeriodSeconds));
    this.registerOutputs({ gracePeriodSeconds: this.gracePeriodSeconds });
  }
}

/** If the pods had no container of this name, server-side apply would add one. */
function requireContainer(deployment: string, container: string, { template }: LiveDeployment): void {
  const names = template?.spec?.containers?.map(({ name }) => name);
  if (names === undefined || names.includes(container)) return;
  throw new ArgumentError(
    `Deployment ${deployment} has no container ${container}. ` +
      `Set services[].existing.container to one of ${names.join(", ")}.`,
  );
}

/** The fields that were read; empty without a cluster, as in a rendering. */
function known(spec: unknown): LiveService & LiveDeployment {
  return spec ?? {};
}

function managedFields(metadata: pulumi.Output<{ readonly managedFields?: unknown }>) {
  return metadata.apply(
    (live) => ((live as typeof live | undefined)?.managedFields ?? []) as ManagedFields[],
  );
}
