import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { crossFaults, proxyDrain } from "./checks";
import { edgeTraits } from "./components/edge";
import type { Autoscaling } from "./components/autoscaler";
import {
  configSchema,
  secretsSchema,
  type ConfigValues,
  type DrainConfig,
  type ConnectionProxyConfig,
  type SecretValues,
  type ServiceValues,
} from "./schema";
import type { Fault } from "./fault";
import { completeDrain } from "./timing";

/** A service with everything that it does not say itself filled in from the stack. */
export interface ServiceConfig extends Pick<ServiceValues, "name" | "path"> {
  readonly image: string;
  readonly resources: ConfigValues["resources"];
  /** A fixed number of pods, or who owns the number. */
  readonly scale: number | Autoscaling;
  /** Who holds its clients' sockets; undefined where they come to its pods. */
  readonly connectionProxy: ProxiedBy | undefined;
}

/** A proxy with everything that it does not say itself filled in. */
export interface ProxiedBy extends ConnectionProxyConfig {
  readonly scale: number | Autoscaling;
  readonly drain: DrainConfig;
}

/** The whole configuration of a stack: plain values for structure, Outputs for secrets alone. */
export interface Config extends Omit<ConfigValues, "services" | "drain"> {
  readonly drain: DrainConfig;
  readonly services: readonly ServiceConfig[];
  readonly secrets: { readonly [Key in keyof SecretValues]-?: pulumi.Output<string> | undefined };
}

/** The configuration is wrong; the message lists every fault with its key, what was found and what is allowed. */
export class ConfigError extends Error {
  readonly code = "HOLDFAST_CONFIG";

  constructor(
    stack: string,
    readonly faults: readonly Fault[],
  ) {
    const lines = faults.map(
      ({ path, found, allowed }) => `  ${project}:${path}: found ${found}; allowed: ${allowed}`,
    );
    const count = faults.length === 1 ? "1 fault" : `${faults.length} faults`;
    super(`the configuration of stack ${stack} has ${count}:\n${lines.join("\n")}`);
    this.name = "ConfigError";
  }
}

/** The name of the Pulumi project: what its configuration keys begin with. */
export const project = "holdfast";

/** Secrets of which only the presence counts. */
const anySecrets = z.partialRecord(secretsSchema.keyof(), z.string());

/** Pods of a service that does not say. */
const defaultReplicas = 3;

/** Pods of a proxy that does not say: one can go. */
const defaultProxies = 2;

/** What {@link parseConfig} reads: the values of a stack by key, without the project's name. */
export interface RawConfig {
  readonly stack: string;
  /** Text as Pulumi hands it over: JSON wherever the value is not itself text. */
  readonly values: Readonly<Record<string, string>>;
  /** Whether the stack's file keeps the value encrypted. */
  readonly isSecret: (key: string) => boolean;
  /** False where secrets are placeholders, so that their form says nothing. Default true. */
  readonly checkSecrets?: boolean;
}

/** Reads and checks the configuration of the running stack. Throws {@link ConfigError} before the first resource. */
export function loadConfig(): Config {
  const prefix = `${project}:`;
  const own = Object.entries(pulumi.runtime.allConfig()).filter(([key]) => key.startsWith(prefix));
  return parseConfig({
    stack: pulumi.getStack(),
    values: Object.fromEntries(own.map(([key, value]) => [key.slice(prefix.length), value])),
    isSecret: (key) => isConfigSecret(`${prefix}${key}`),
  });
}

/** Checks a stack's configuration. Throws {@link ConfigError} with every fault at once. */
export function parseConfig({ stack, values, isSecret, checkSecrets = true }: RawConfig): Config {
  const secretKeys = Object.keys(secretsSchema.shape);
  const secretText = Object.fromEntries(Object.entries(values).filter(([key]) => secretKeys.includes(key)));
  const plain = Object.fromEntries(
    Object.entries(values)
      .filter(([key]) => !secretKeys.includes(key))
      .map(([key, value]) => [key, decode(key, value)]),
  );

  const structure = configSchema.safeParse(plain);
  const secrets = (checkSecrets ? secretsSchema : anySecrets).safeParse(secretText);
  const faults = [
    ...Object.keys(values).flatMap((key) => storageFaults(key, secretKeys.includes(key), isSecret(key))),
    ...issueFaults(structure.error, plain, show),
    ...issueFaults(secrets.error, secretText, () => "a secret"),
    ...(structure.success ? crossFaults(structure.data, secretText) : []),
  ];
  if (!structure.success || !secrets.success || faults.length > 0) throw new ConfigError(stack, faults);
  return complete(structure.data, secrets.data);
}

function complete(config: ConfigValues, secrets: SecretValues): Config {
  const { propagationSeconds } = edgeTraits(config.edge, config.affinity);
  const { autoscaler: counter } = config;
  return {
    ...config,
    drain: { ...config.drain, ...completeDrain(config.drain, propagationSeconds) },
    services: config.services.map(
      ({ name, path, image, resources, autoscaling, replicas, connectionProxy }) => ({
        name,
        path,
        image: image ?? config.image,
        resources: resources ?? config.resources,
        scale: scale({ autoscaling, replicas }, counter) ?? defaultReplicas,
        connectionProxy: connectionProxy && {
          ...connectionProxy,
          scale: scale(connectionProxy, counter) ?? defaultProxies,
          drain: { ...config.drain, ...proxyDrain(config, connectionProxy) },
        },
      }),
    ),
    secrets: {
      jwtSecret: secret(secrets.jwtSecret),
      redisUrl: secret(secrets.redisUrl),
      publisherToken: secret(secrets.publisherToken),
    },
  };
}

/** Who owns the number of pods, or the number itself; undefined where nothing is said. */
function scale(
  { autoscaling, replicas }: Pick<ConnectionProxyConfig, "autoscaling" | "replicas">,
  counter: ConfigValues["autoscaler"],
): Autoscaling | number | undefined {
  return autoscaling === undefined ? replicas : { ...autoscaling, counter };
}

function secret(value: string | undefined): pulumi.Output<string> | undefined {
  return value === undefined ? undefined : pulumi.secret(value);
}

/** Structure is not secret, or every manifest would be; a secret in plain text would stay in the repository for ever. */
function storageFaults(key: string, shouldBeSecret: boolean, isSecret: boolean): Fault[] {
  if (shouldBeSecret === isSecret) return [];
  if (shouldBeSecret) {
    const allowed = `an encrypted value; set it with: pulumi config set --secret ${project}:${key}`;
    return [{ path: key, found: "plain text", allowed }];
  }
  return [{ path: key, found: "an encrypted value", allowed: "plain text: structure is not secret" }];
}

/** What is not JSON stays text, and the schema says what it should have been. */
function decode(key: string, value: string): unknown {
  if (!(key in configSchema.shape) || isText(configSchema.shape[key as keyof typeof configSchema.shape]))
    return value;
  try {
    return JSON.parse(value) as unknown;
  } catch {
    return value;
  }
}

function isText(schema: z.core.$ZodType): boolean {
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) return isText(schema.def.innerType);
  return schema instanceof z.ZodString || schema instanceof z.ZodEnum;
}

function issueFaults(
  error: z.ZodError | undefined,
  input: unknown,
  describe: (value: unknown) => string,
): Fault[] {
  return (error?.issues ?? []).flatMap((issue) => {
    const keys =
      issue.code === "unrecognized_keys" ? issue.keys.map((key) => [...issue.path, key]) : [issue.path];
    return keys.map((path) => {
      const found = valueAt(input, path);
      return {
        path: showPath(path),
        found: found === undefined ? "nothing" : describe(found),
        allowed: issue.message,
      };
    });
  });
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key], value);
}

function showPath(path: readonly PropertyKey[]): string {
  return path.reduce<string>((shown, key) => {
    if (typeof key === "number") return `${shown}[${key}]`;
    return shown === "" ? String(key) : `${shown}.${String(key)}`;
  }, "");
}

/** Short, and without the password of a URL that should not have had one. */
function show(value: unknown): string {
  const text = (typeof value === "string" ? value : JSON.stringify(value)).replace(
    /:\/\/[^\s/@"]*@/g,
    "://…@",
  );
  return text.length <= 80 ? text : `${text.slice(0, 77)}…`;
}

/** In Pulumi's runtime but not in its types; without it, plain text cannot be told from a secret. */
function isConfigSecret(key: string): boolean {
  const { isConfigSecret: check } = pulumi.runtime as unknown as { isConfigSecret: (key: string) => boolean };
  return check(key);
}
