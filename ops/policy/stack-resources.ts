import { fromManifest, type Resource } from "../../infra/policy/resource";
import { manifest } from "../render/manifest";
import { isKubernetesObject } from "../render/provider-outputs";
import { render, type RenderOptions } from "../render/render";

/** The resources of a stack as rules see them, from the Pulumi program itself, with which of them are protected. */
export async function stackResources(stack: string, options: RenderOptions = {}): Promise<Resource[]> {
  const { resources } = await render(stack, options);
  return resources.map((resource) =>
    isKubernetesObject(resource)
      ? { ...fromManifest(manifest(resource)), type: resource.type, protect: resource.protect }
      : {
          type: resource.type,
          title: `${resource.type.slice(resource.type.lastIndexOf(":") + 1)} ${resource.name}`,
          properties: resource.inputs,
          protect: resource.protect,
        },
  );
}
