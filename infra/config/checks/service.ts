import { workloadLabels } from "../../labels";
import { issue, type ConfigIssue } from "../issue";
import type { ServiceConfig } from "../resolve";
import type { ServiceValues } from "../schema";
import type { Checked } from "./checked";

/** Labels that select the pods: another value would remove the pod from its own Service. */
const reservedLabels = Object.keys(workloadLabels("", "websocket-service"));

/** Keys that the Holdfast application sets itself, and that only your own image may set. */
const imageKeys = [
  "command",
  "args",
  "ports",
  "probes",
  "preStop",
  "sessionStore",
] as const satisfies readonly (keyof ServiceValues)[];

/** Keys for properties of a running Deployment that Holdfast does not change. */
const ownedKeys = [
  "image",
  "imagePullPolicy",
  "replicas",
  "autoscaling",
  "command",
  "args",
  "probes",
  "sessionStore",
  "resources",
  "securityContext",
  "serviceAccount",
  "nodeSelector",
  "priorityClassName",
  "podTemplate",
  "env",
  "envFrom",
  "imagePullSecrets",
  "tolerations",
  "podLabels",
  "podAnnotations",
  "volumes",
  "volumeMounts",
  "egress",
] as const satisfies readonly (keyof ServiceValues)[];

/** Ports that Holdfast opens only in a Deployment and a Service of its own. */
const ownedPorts = ["grpc", "metrics"] as const;

export function serviceIssues({ given: inputs, values, config }: Checked): ConfigIssue[] {
  return values.services.flatMap((service, index) => {
    const resolved = config.services[index];
    if (resolved === undefined) return [];
    const key = `services[${index}]`;
    return [
      ...kindIssues(key, service, inputs[index] ?? {}, resolved, values.image, config),
      ...portIssues(key, service),
      ...accountIssues(key, service),
      ...podIssues(key, service),
    ];
  });
}

function kindIssues(
  key: string,
  service: ServiceValues,
  input: object,
  { isApplication, protocol }: ServiceConfig,
  image: string | undefined,
  config: Checked["config"],
): ConfigIssue[] {
  if (service.existing !== undefined) {
    return [
      ...[
        ...given(input, ownedKeys),
        ...ownedPorts.filter((name) => service.ports?.[name] !== undefined).map((name) => `ports.${name}`),
      ].map((name) =>
        issue(
          `${key}.${name}`,
          "set",
          "nothing, since the service is existing: the Deployment's owner sets this",
        ),
      ),
      ...(config.namespace.create
        ? [
            issue(
              "namespace.create",
              true,
              `false, because ${key} is existing, so its namespace exists too`,
              `Set namespace to { name: ${config.namespace.name}, create: false }.`,
            ),
          ]
        : []),
      ...(config.edge.kind === "nlb" && config.properties.podsAreTargets
        ? [
            issue(
              "edge.targets",
              "pods",
              `nginx, because ${key} is existing: the load balancer's Service selects pods by a label that only the stack's own pods have`,
            ),
          ]
        : []),
    ];
  }
  if (!isApplication) return [];
  return [
    ...(image === undefined
      ? [
          issue(
            "image",
            undefined,
            `the Holdfast application's image, because ${key} has no image`,
            `Set it, or set ${key}.image to your own image.`,
          ),
        ]
      : []),
    ...(protocol === "holdfast"
      ? []
      : [
          issue(
            `${key}.protocol`,
            protocol,
            "holdfast, because the service has no image of its own",
            "Set image to your own, or remove protocol.",
          ),
        ]),
    ...given(input, imageKeys).map((name) =>
      issue(
        `${key}.${name}`,
        "set",
        "nothing, since the Holdfast application sets it; it is for services with your own image",
      ),
    ),
  ];
}

/** The keys that the stack itself sets. Values with the schema's defaults do not show it. */
function given(input: object, keys: readonly string[]): string[] {
  return keys.filter((name) => name in input);
}

/** The stack annotates only a ServiceAccount that it creates. */
function accountIssues(key: string, { serviceAccount }: ServiceValues): ConfigIssue[] {
  if (serviceAccount?.name === undefined || Object.keys(serviceAccount.annotations).length === 0) return [];
  return [
    issue(
      `${key}.serviceAccount.annotations`,
      "set",
      `nothing, since the ServiceAccount ${serviceAccount.name} exists`,
      "Annotate it yourself, or remove serviceAccount.name.",
    ),
  ];
}

function portIssues(key: string, { ports }: ServiceValues): ConfigIssue[] {
  if (ports === undefined) return [];
  const seen = new Map<number, string>();
  return Object.entries(ports).flatMap(([name, port]: [string, number | undefined]) => {
    if (port === undefined) return [];
    const other = seen.get(port);
    seen.set(port, name);
    return other === undefined
      ? []
      : [issue(`${key}.ports.${name}`, port, `a port other than ports.${other}`)];
  });
}

function podIssues(key: string, { podLabels, volumes, volumeMounts }: ServiceValues): ConfigIssue[] {
  const names = ["tmp", ...volumes.map(({ name }) => name)];
  return [
    ...reservedLabels
      .filter((label) => label in podLabels)
      .map((label) =>
        issue(
          `${key}.podLabels["${label}"]`,
          podLabels[label],
          "nothing, since the Service selects its pods by it",
        ),
      ),
    ...volumes.flatMap(({ name }, at) =>
      name === "tmp"
        ? [
            issue(
              `${key}.volumes[${at}].name`,
              name,
              "another name: each pod has a volume tmp for its writable /tmp",
            ),
          ]
        : [],
    ),
    ...volumeMounts.flatMap(({ name }, at) =>
      names.includes(name)
        ? []
        : [issue(`${key}.volumeMounts[${at}].name`, name, `the name of a volume: ${names.join(", ")}`)],
    ),
  ];
}
