import type { Resource } from "../../../infra/policy/resource";
import { defineUnknown } from "../../../infra/policy/unknown";

/** The path of a field: names and indices, joined by ` > ` because names contain dots and slashes. */
export type Path = string;

export function find(resources: readonly Resource[], title: string): Resource {
  const found = resources.find((resource) => resource.title === title);
  if (found === undefined)
    throw new Error(`there is no ${title} among ${resources.map((one) => one.title).join(", ")}`);
  return found;
}

/** Sets a field, or removes it if the value is undefined. */
export function spoil(resource: Resource, path: Path, value: unknown): void {
  const { parent, last } = locate(resource, path);
  if (value === undefined) Reflect.deleteProperty(parent, last);
  else Reflect.set(parent, last, value);
}

/** Makes a field unknown, as in a preview. */
export function hide(resource: Resource, path: Path): void {
  const { parent, last } = locate(resource, path);
  defineUnknown(parent, last);
}

function locate({ properties }: Resource, path: Path): { parent: object; last: string } {
  const steps = path.split(" > ");
  const last = steps.pop() ?? "";
  let parent: unknown = properties;
  for (const step of steps) parent = (parent as Record<string, unknown>)[step];
  if (typeof parent !== "object" || parent === null) throw new Error(`${path} leads to no field`);
  return { parent, last };
}

/** Every field of a value, at every depth. */
export function paths(value: unknown, prefix = ""): Path[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) => {
    const path = prefix === "" ? key : `${prefix} > ${key}`;
    return [path, ...paths(item, path)];
  });
}
