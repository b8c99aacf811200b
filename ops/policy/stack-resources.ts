import { fromManifest, type Resource } from "../../infra/policy/resource";
import { manifest } from "../render/manifest";
import { isKubernetesObject } from "../render/provider-outputs";
import { render, type RenderOptions } from "../render/render";

/** The resources of a stack, as rules see them: from the Pulumi program itself, with the resources' protection. */
export async function stackResources(stack: string, options: RenderOptions = {}): Promise<Resource[]> {
  const { resources } = await render(stack, options);
  return resources.map((resource) => {
    const { type, name, inputs, protect, ignoreChanges } = resource;
    const options = { type, protect, ignoreChanges };
    return isKubernetesObject(resource)
      ? { ...fromManifest(manifest(resource)), ...options }
      : { title: `${type.slice(type.lastIndexOf(":") + 1)} ${name}`, properties: inputs, ...options };
  });
}
