import { z } from "zod";
import { isNetwork } from "../../app/proxy/trusted-hops";
import { servicePathForm, servicePathPattern } from "../../app/runtime/service-path";
import { quantityValue } from "../kubernetes/quantity";

/**
 * The kinds of values in a configuration. Each has a phrase that describes what is expected; error messages show it.
 */

/** An object with exactly these keys. */
export function object<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  const keys = Object.keys(shape).join(", ");
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === "unrecognized_keys" ? `one of the keys ${keys}` : `an object with the keys ${keys}`,
  });
}

/** A whole number from `min` to `max`, both included. */
export function int(min: number, max: number) {
  const error = `a whole number from ${min} to ${max}`;
  return z.int({ error }).min(min, { error }).max(max, { error });
}

/** A TCP port. */
export const port = int(1, 65_535);

/** Text of a given form. */
export function text(pattern: RegExp, error: string) {
  return z.string({ error }).regex(pattern, { error });
}

/** One word of a list. */
export function enumOf<const Words extends readonly [string, ...string[]]>(...words: Words) {
  return z.enum(words, { error: `one of ${words.join(", ")}` });
}

/** true or false. */
export const bool = z.boolean({ error: "true or false" });

/** A list of items of one kind. */
export function list<Item extends z.ZodType>(item: Item, what: string) {
  return z.array(item, { error: `a list of ${what}` });
}

/** The name of a Service: RFC 1035, stricter than other objects' names. */
export const serviceName = text(
  /^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/,
  "a Service name: lower-case letters, digits and -, a letter first, at most 63 characters",
);

/** The name of a namespace: RFC 1123 label. */
export const label = text(
  /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/,
  "a label: lower-case letters, digits and -, at most 63 characters",
);

/** The name of most other objects: RFC 1123 subdomain. */
export const objectName = text(
  /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/,
  "an object's name: lower-case letters, digits, - and ., at most 253 characters",
);

/** A host name. */
export const hostName = text(
  /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/,
  "a host name such as api.nova.social",
);

/** The path prefix of a service; the application checks the same form. */
export const servicePath = text(servicePathPattern, servicePathForm);

/** A Kubernetes quantity from `min` to `max`, as text; a number is converted, because YAML reads `2` as one. */
function quantity(min: number, max: number, error: string) {
  return z.coerce.string({ error }).refine(
    (text) => {
      const value = quantityValue(text);
      return value !== undefined && value >= min && value <= max;
    },
    { error },
  );
}

/** A Kubernetes quantity of memory. A value below 1 MiB lacks its unit: no container starts with it. */
export const memoryQuantity = quantity(
  1_024 ** 2,
  1_024 ** 5,
  "memory of at least 1Mi such as 512Mi, 1.5Gi or 2Gi",
);

/** A Kubernetes quantity of CPU. */
export const cpuQuantity = quantity(0.001, 10_000, "processors such as 250m, 1.5 or 2");

/** An image with a digest or with a tag other than `latest`, so that a restarted pod runs the same image. */
export const imageReference = z
  .string({ error: "an image reference" })
  .refine((reference) => isFixedImage(reference), {
    error:
      "an image with a digest or a fixed tag, such as holdfast/app:0.1.0; latest, or no tag, may be another image tomorrow",
  });

function isFixedImage(reference: string): boolean {
  if (/^[^\s@]+@sha256:[a-f0-9]{64}$/.test(reference)) return true;
  const tag = /^[a-z0-9][^\s@]*:([\w][\w.-]{0,127})$/i.exec(reference)?.[1];
  return tag !== undefined && tag !== "latest";
}

/** Kubernetes labels. */
export const labels = z.record(z.string(), z.string(), { error: "labels, name: value" });

/** Part of a Kubernetes object, as its API documents it; the API server checks it. */
export const manifest = z.record(z.string(), z.unknown(), { error: "fields of the Kubernetes object" });

const addresses = "addresses such as 10.0.0.0/16";

/** An address range. */
export const addressRange = z
  .string({ error: addresses })
  .refine((range) => range.includes("/") && isNetwork(range), { error: addresses });

/** An address, or an address range. */
export const network = z
  .string({ error: "an address or a network such as 10.0.0.0/8" })
  .refine(isNetwork, { error: "an address or a network such as 10.0.0.0/8" });

const peerPods = object({
  /** Labels of the peers' namespaces. */
  namespaceLabels: labels,
  /** Labels of the peers' pods. Without them, all pods match. */
  podLabels: labels.default({}),
});
const peerNeighbours = object({
  /** Pods of the stack's own namespace: all of them, or those with `podLabels`. */
  sameNamespace: z.literal(true),
  /** Labels of the peers' pods. Without them, all pods match. */
  podLabels: labels.default({}),
});
const peerAddresses = object({
  /** An address range, for peers that are not pods. */
  cidr: addressRange,
});

/** The forms of a peer, for error messages. */
export const peerForms = "{ namespaceLabels, podLabels }, { sameNamespace: true, podLabels } or { cidr }";

/**
 * A peer of a NetworkPolicy: pods with these labels (all pods, if there are none) in namespaces with those labels, or
 * addresses if the peer is not a pod.
 */
export const peer = z.union([peerPods, peerNeighbours, peerAddresses], { error: peerForms });

export type Peer = z.infer<typeof peer>;

/** The keys that an object's error lists; see {@link object}. */
export function knownKeys(error: string): string[] {
  return /^one of the keys (?<keys>.*)$/.exec(error)?.groups?.keys?.split(", ") ?? [];
}
