import type { Api } from "../../kubernetes/api";
import { exec } from "../../kubernetes/exec";
import { controllerKind, tagVersion } from "../controllers";
import type { Pod } from "../snapshot";

/** Asks a controller for its version, if its image's tag does not show it; undefined if it does not answer. */
export async function askVersion(api: Api, pod: Pod): Promise<string | undefined> {
  const kind = controllerKind(pod);
  const container = pod.spec?.containers.find(({ image }) => kind?.image.test(image ?? ""));
  if (kind === undefined || container === undefined || tagVersion(pod) !== undefined) return undefined;
  const { namespace = "", name = "" } = pod.metadata ?? {};
  try {
    const output = await exec(api, { namespace, pod: name, container: container.name }, kind.version);
    return /(\d+\.\d+\.\d+)/.exec(output)?.[1];
  } catch {
    return undefined; // ingress-controller reports that the version is unknown
  }
}
