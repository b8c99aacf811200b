import type { Pod, Snapshot } from "./snapshot";

/** A program that implements Ingresses. */
export interface ControllerKind {
  readonly name: string;
  /** The name of its image, in any registry. */
  readonly image: RegExp;
  /** Whether it reads nginx.ingress.kubernetes.io annotations: always, since a version, or never. */
  readonly readsNginxAnnotations: boolean | { readonly since: string };
  /** When its maintainers retired it, with the source. */
  readonly retired?: string;
  /** The command that prints its version, for images whose tag does not show it. */
  readonly version: readonly string[];
}

/** The controllers that are common in clusters; see docs/decisions/0015-edge-controller.md for why the kind matters. */
const controllerKinds: readonly ControllerKind[] = [
  {
    name: "ingress-nginx",
    image: /ingress-nginx\/controller|nginx-ingress-controller/,
    readsNginxAnnotations: true,
    retired:
      "retired in March 2026: no fixes, security ones included " +
      "(https://kubernetes.io/blog/2025/11/11/ingress-nginx-retirement/)",
    version: ["/nginx-ingress-controller", "--version"],
  },
  {
    name: "Traefik",
    image: /(^|\/)traefik([:@]|$)/,
    // https://doc.traefik.io/traefik/reference/install-configuration/providers/kubernetes/kubernetes-ingress-nginx/
    readsNginxAnnotations: { since: "3.7.0" },
    version: ["/proc/1/exe", "version"],
  },
  {
    name: "F5 NGINX Ingress Controller",
    image: /nginx\/nginx-ingress([:@]|$)|nginxinc\/|nginx-ic/,
    readsNginxAnnotations: false,
    version: ["/nginx-ingress", "-version"],
  },
  {
    name: "HAProxy",
    image: /haproxy/,
    readsNginxAnnotations: false,
    version: ["/haproxy-ingress-controller", "--version"],
  },
  {
    name: "Higress",
    image: /higress/,
    readsNginxAnnotations: true,
    version: ["/usr/local/bin/higress", "version"],
  },
];

/** The controller kind of a pod; undefined if it is not an Ingress controller. */
export function controllerKind(pod: Pod): ControllerKind | undefined {
  const images = pod.spec?.containers.map(({ image }) => image ?? "") ?? [];
  return controllerKinds.find((kind) => images.some((image) => kind.image.test(image)));
}

/** A running controller of the class that the stack's Ingresses name. */
export interface Controller {
  readonly kind: ControllerKind;
  readonly pods: readonly Pod[];
  readonly namespace: string;
  /** From the image's tag, or from the program itself. */
  readonly version: string | undefined;
}

/** The controllers that run in the cluster; pods of one kind and namespace count as one controller. */
export function controllers({ objects, observed }: Snapshot): Controller[] {
  const groups = new Map<string, Controller & { pods: Pod[] }>();
  for (const pod of objects.controllerPods) {
    const kind = controllerKind(pod);
    if (kind === undefined) continue;
    const namespace = pod.metadata?.namespace ?? "";
    const key = `${namespace}/${kind.name}`;
    const version = tagVersion(pod) ?? observed.controllerVersions[pod.metadata?.name ?? ""];
    const known = groups.get(key);
    if (known === undefined) groups.set(key, { kind, namespace, version, pods: [pod] });
    else known.pods.push(pod);
  }
  return [...groups.values()];
}

/** The version in the tag of a pod's image. */
export function tagVersion(pod: Pod): string | undefined {
  const images = pod.spec?.containers.map(({ image }) => image ?? "") ?? [];
  return images.flatMap((image) => /:v?(\d+\.\d+(\.\d+)?)/.exec(image)?.[1] ?? [])[0];
}

/** Whether one version is older than another. */
export function isOlder(version: string, than: string): boolean {
  return version.localeCompare(than, "en", { numeric: true }) < 0;
}
