import { readFile } from "node:fs/promises";
import { parseAllDocuments } from "yaml";
import { renderStack } from "../../ops/render/render";
import { examples } from "../../ops/render/stacks";
import type { Crds } from "./crds";
import { apply, kubectl, type Manifest } from "./kubectl";
import { namespacePrefix } from "./stack";
import { readSurroundings } from "./surroundings";

describe("the examples", () => {
  const namespace = `${namespacePrefix}-examples`;
  const missing: Crds[] = [];

  beforeAll(async () => {
    for (const crds of readSurroundings().crds) {
      if (crds.missing === undefined) await install(crds);
      else missing.push(crds);
    }
    const [own] = await renderStack("local", { overrides: { namespace } });
    // A dry run does not create the namespace that the other objects need.
    if (own !== undefined) await apply([own]);
  }, 120_000);

  it.each(examples())("%s passes a strict dry run by the API server", async (example) => {
    const objects = await renderStack(example, { overrides: { namespace } });
    const tried = objects.filter((object) => !isMissing(object));
    expect(tried.length).toBeGreaterThan(0);
    const applied = await apply(tried, "--dry-run=server");
    expect(applied.trim().split("\n")).toHaveLength(tried.length);
  });

  it.each([
    { kind: "Ingress", example: "alb-external" },
    { kind: "HTTPRoute", example: "gateway-redis" },
    { kind: "BackendTrafficPolicy", example: "gateway-redis" },
    { kind: "VirtualService", example: "istio-external" },
    { kind: "ScaledObject", example: "nlb-nginx-elasticache" },
  ])("are refused with a field that a $kind does not have", async ({ kind, example }) => {
    const objects = await renderStack(example, { overrides: { namespace } });
    const object = objects.find((one) => one.kind === kind);
    if (object === undefined) throw new Error(`${example} has no ${kind}`);
    if (isMissing(object)) return;
    const misspelt = { ...object, spec: { ...(object.spec as object), hostnamez: [] } };
    await expect(apply([misspelt], "--dry-run=server")).rejects.toThrow(
      /field not declared in schema|unknown field/,
    );
  });

  /** Whether the cluster does not know the object's kind; prints the reason. */
  function isMissing({ apiVersion, kind, metadata }: Manifest): boolean {
    const crds = missing.find(({ group }) => apiVersion.startsWith(`${group}/`));
    if (crds === undefined) return false;
    process.stderr.write(`e2e: not tried: ${kind} ${metadata.name}: ${crds.missing}\n`);
    return true;
  }
});

/** Installs them over any existing channel or version, and waits until the API server serves them. */
async function install({ files, kinds }: Crds): Promise<void> {
  const texts = await Promise.all(files.map((file) => readFile(file, "utf8")));
  const definitions = texts
    .flatMap((text) => parseAllDocuments(text).map((document) => document.toJS() as Definition | null))
    .filter(
      (definition) => definition !== null && kinds.includes(definition.spec.names.kind),
    ) as Definition[];
  await apply(definitions, "--force-conflicts");
  const names = definitions.map(({ metadata }) => `customresourcedefinition/${metadata.name}`);
  await kubectl(["wait", "--for=condition=Established", "--timeout=60s", ...names]);
}

type Definition = Manifest & { readonly spec: { readonly names: { readonly kind: string } } };
