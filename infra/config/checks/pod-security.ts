import { issue, type ConfigIssue } from "../issue";
import type { ServiceConfig } from "../resolve";
import type { Checked } from "./checked";

/**
 * The parts of a service's `securityContext` that keep its pods from starting. Without this check, they would show only minutes
 * after `pulumi up`, as pods that do not start.
 */
export function podSecurityIssues({ config: { services, namespace } }: Checked): ConfigIssue[] {
  return services.flatMap((service, index) => {
    const key = `services[${index}]`;
    return [
      ...rootIssues(key, service),
      // The level of a namespace that exists already is not known here.
      ...(namespace.create ? levelIssues(key, service, namespace.podSecurity) : []),
    ];
  });
}

/** The kubelet itself compares the two fields, in every namespace. */
function rootIssues(key: string, { securityContext = {} }: ServiceConfig): ConfigIssue[] {
  if (securityContext.runAsUser !== 0 || securityContext.runAsNonRoot === false) return [];
  return [
    issue(
      `${key}.securityContext.runAsUser`,
      0,
      "a user other than root, because runAsNonRoot is true",
      "Set it to the user of your image, or set runAsNonRoot to false as well.",
    ),
  ];
}

/** https://kubernetes.io/docs/concepts/security/pod-security-standards/ */
const levels = ["restricted", "baseline", "privileged"] as const;
type Level = (typeof levels)[number];

function levelIssues(key: string, service: ServiceConfig, level: Level): ConfigIssue[] {
  const needs = [...contextNeeds(service.securityContext ?? {}), ...volumeNeeds(service)].toSorted(
    (a, b) => levels.indexOf(b.level) - levels.indexOf(a.level),
  );
  const [most] = needs;
  if (most === undefined || levels.indexOf(most.level) <= levels.indexOf(level)) return [];
  return [
    issue(
      "namespace.podSecurity",
      level,
      `${most.level}, since ${key}.${most.field} is ${most.value}, and the namespace would refuse the pods`,
      `Set namespace to { name, podSecurity: ${most.level} }, or remove ${key}.${most.field}.`,
    ),
  ];
}

/** A field with a value that requires at least this level. */
interface Need {
  readonly field: string;
  readonly value: string;
  readonly level: Level;
}

/** The capabilities that `baseline` lets a container add. */
const baselineCapabilities = [
  ...["AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE"],
  ...["SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"],
];

function contextNeeds(context: Readonly<Record<string, unknown>>): Need[] {
  const need = (name: string, level: Level): Need => ({
    field: `securityContext.${name}`,
    value: JSON.stringify(context[name]),
    level,
  });
  const { add = [], drop = [] } = (context.capabilities ?? { drop: ["ALL"] }) as {
    readonly add?: readonly string[];
    readonly drop?: readonly string[];
  };
  const { type = "RuntimeDefault" } = (context.seccompProfile ?? {}) as { readonly type?: string };
  return [
    ...(context.runAsUser === 0 ? [need("runAsUser", "baseline")] : []),
    ...(context.runAsNonRoot === false ? [need("runAsNonRoot", "baseline")] : []),
    ...(context.allowPrivilegeEscalation === true ? [need("allowPrivilegeEscalation", "baseline")] : []),
    ...(context.privileged === true ? [need("privileged", "privileged")] : []),
    ...(type === "Unconfined" ? [need("seccompProfile", "privileged")] : []),
    ...(add.some((one) => !baselineCapabilities.includes(one)) ? [need("capabilities", "privileged")] : []),
    ...(!drop.includes("ALL") || add.some((one) => one !== "NET_BIND_SERVICE")
      ? [need("capabilities", "baseline")]
      : []),
  ];
}

function volumeNeeds({ volumes }: ServiceConfig): Need[] {
  return volumes.flatMap((volume, index) =>
    "hostPath" in volume
      ? [{ field: `volumes[${index}]`, value: "a hostPath", level: "privileged" as const }]
      : [],
  );
}
