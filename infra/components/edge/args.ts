import type * as pulumi from "@pulumi/pulumi";
import type { z } from "zod";
import { affinitySchema, type AffinityConfig } from "../../config/affinity";
import type { ConfigIssue } from "../../config/issue";
import { hostName } from "../../config/values";
import { argumentError, parseArgs, withoutKind, type FlatArgs, type WithInputs } from "../flat-args";
import { ArgumentError, checked } from "../input";
import { checkNamespace } from "../names";
import type { EdgeArgs, EdgeBackend } from "./edge";

/** The keys of the affinity cookie. The timeout of the Service's affinity belongs to the service. */
const cookieSchema = affinitySchema.omit({ clientIpTimeoutSeconds: true });

/** The arguments of every edge, besides the keys of its kind. */
export interface CommonEdgeArgs extends FlatArgs<typeof cookieSchema> {
  /** The namespace of the services and of the routes to them. Default `default`. */
  readonly namespace?: pulumi.Input<string> | undefined;
  /** The host name that clients connect to. */
  readonly host: pulumi.Input<string>;
  /** What the edge routes to: the `backend` of a WebSocketService or ConnectionProxy. */
  readonly backends: readonly EdgeBackend[];
  /**
   * The longest grace period of the backends: the edge must not cut a pod earlier. Seconds. Defaults to the time that the edge
   * needs to learn of a pod's end, plus 35.
   */
  readonly gracePeriodSeconds?: number | undefined;
}

const defaultPropagationSeconds = 10;

/** The default time from preStop to a pod's end: a drain of 30 s, and 5 s to close. Seconds. */
const defaultEndSeconds = 35;

/**
 * Checks an edge's arguments and adds the defaults of its schema.
 *
 * @param where the component and its name, such as `NlbEdge edge`
 * @param issues finds contradictions between the keys
 * @throws ArgumentError
 */
export function edgeArgs<Schema extends z.ZodObject, FromResources extends keyof z.output<Schema> = never>(
  where: string,
  schema: Schema,
  flat: CommonEdgeArgs,
  issues: (args: EdgeArgs<WithInputs<z.output<Schema>, FromResources>>) => readonly ConfigIssue[] = () => [],
): EdgeArgs<WithInputs<z.output<Schema>, FromResources>> {
  const { namespace, host, backends, gracePeriodSeconds, ...rest } = flat;
  checkBackends(where, backends);
  const isCookie = ([key]: [string, unknown]) => key in cookieSchema.shape;
  const cookie = parseArgs(where, cookieSchema, Object.fromEntries(Object.entries(rest).filter(isCookie)));
  const own = Object.fromEntries(Object.entries(rest).filter((entry) => !isCookie(entry)));
  const config = parseArgs<Schema, FromResources>(where, schema, own);
  const { propagationSeconds = defaultPropagationSeconds } = config as { propagationSeconds?: number };
  const args = {
    config,
    affinity: affinitySchema.parse(cookie),
    namespace: checkNamespace(where, namespace),
    host: checked(`${where}: host`, host, (value) =>
      hostName.safeParse(value).success
        ? undefined
        : `is ${value}. Set it to a host name such as api.example.com.`,
    ),
    backends,
    gracePeriodSeconds: gracePeriodSeconds ?? propagationSeconds + defaultEndSeconds,
  };
  const found = issues(args);
  if (found.length > 0) throw argumentError(where, found);
  return args;
}

/** @throws ArgumentError if the objects of two backends would have the same name */
export function checkBackends(where: string, backends: readonly EdgeBackend[]): void {
  backends.forEach(({ name }, index) => {
    const first = backends.findIndex((other) => other.name === name);
    if (first === index) return;
    throw new ArgumentError(
      `${where}: backends[${index}].name is ${name}, as that of backends[${first}]. Set it to another name; services of ` +
        "one name in two namespaces need an edge each, since routes lie in the namespace of their service.",
    );
  });
}

/** Converts a configured edge to the arguments of its component. */
export function flatEdgeArgs<Config extends { readonly kind: string }>({
  config,
  affinity,
  ...common
}: EdgeArgs<Config>): Omit<Config, "kind"> & CommonEdgeArgs {
  return { ...withoutKind(config), ...cookieArgs(affinity), ...common };
}

function cookieArgs({ cookieName, cookieMaxAgeSeconds, cookieSecure, cookieSameSite }: AffinityConfig) {
  return { cookieName, cookieMaxAgeSeconds, cookieSecure, cookieSameSite };
}
