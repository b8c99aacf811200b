import type { Container, Deployment, Manifest } from "../local/manifest";
import { omit } from "./omit";

/**
 * The same objects, but with Kubernetes' defaults for a pod's end: no preStop, and an application that closes its sockets at
 * once.
 */
export function withoutDrain(objects: readonly Manifest[]): readonly Manifest[] {
  return objects.map((object) => (object.kind === "Deployment" ? undrained(object) : object));
}

const off: Readonly<Record<string, string>> = { PRE_STOP_SECONDS: "0", DRAIN_SECONDS: "0" };

function undrained(deployment: Manifest & Deployment): Manifest & Deployment {
  const { spec } = deployment;
  const pod = spec?.template.spec;
  if (spec === undefined || pod === undefined) return deployment;
  const containers = pod.containers.map(undrainedContainer);
  return { ...deployment, spec: { ...spec, template: { ...spec.template, spec: { ...pod, containers } } } };
}

function undrainedContainer(container: Container): Container {
  const env = (container.env ?? []).filter(({ name }) => !(name in off));
  return {
    ...omit(container, "lifecycle"),
    env: [...env, ...Object.entries(off).map(([name, value]) => ({ name, value }))],
  };
}
