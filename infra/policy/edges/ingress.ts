import { asKind, type Resource, type ObjectOf } from "../resource";

/** The resource as an Ingress, if it is for this kind of controller. */
export function ingressOf(resource: Resource, controller: Controller): ObjectOf<"Ingress"> | undefined {
  const ingress = asKind(resource, "Ingress");
  return ingress !== undefined && controllerOf(ingress) === controller ? ingress : undefined;
}

type Controller = "nginx" | "alb";

/**
 * The controller that reads an Ingress, as far as the Ingress shows it: by its annotations, or by a class of the usual name. With
 * another class and no annotations, the controller is unknown.
 */
function controllerOf({ metadata, spec }: ObjectOf<"Ingress">): Controller | undefined {
  const names = Object.keys(metadata?.annotations ?? {});
  if (names.some((name) => name.startsWith("alb.ingress.kubernetes.io/"))) return "alb";
  if (names.some((name) => name.startsWith("nginx.ingress.kubernetes.io/"))) return "nginx";
  const className = spec?.ingressClassName;
  return className === "nginx" || className === "alb" ? className : undefined;
}

/** One rule of an Ingress, which routes requests for this host and path to the Service. */
export interface IngressPath {
  /** Undefined for all hosts. */
  readonly host: string | undefined;
  readonly path: string;
  /** The Service's name; undefined if the backend is not a Service. */
  readonly service: string | undefined;
}

export function ingressPaths({ spec }: ObjectOf<"Ingress">): IngressPath[] {
  const fallback = spec?.defaultBackend;
  return [
    ...(fallback === undefined ? [] : [{ host: undefined, path: "/", service: fallback.service?.name }]),
    ...(spec?.rules ?? []).flatMap(({ host, http }) =>
      (http?.paths ?? []).map(({ path = "/", backend }) => ({ host, path, service: backend?.service?.name })),
    ),
  ];
}

/** The Services to which an Ingress routes, each once. */
export function ingressServices(
  ingress: ObjectOf<"Ingress">,
): { namespace: string | undefined; name: string }[] {
  const names = new Set(ingressPaths(ingress).flatMap(({ service }) => service ?? []));
  return [...names].map((name) => ({ namespace: ingress.metadata?.namespace, name }));
}
