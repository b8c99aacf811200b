import { readFileSync } from "node:fs";
import path from "node:path";
import { loadAppConfig } from "../../app/server/config";
import { edgeSchema } from "../../infra/components/edge/schema";
import { sessionStoreSchema } from "../../infra/components/session-store/schema";
import { examples, projectRoot } from "../../ops/render/stacks";
import { readStackConfig } from "../../ops/render/stack-config";
import { create } from "./edges";
import { elasticache } from "./elasticache";
import { environmentOf, generated, rendered, workloads } from "./rendered";

/** The required keys of each kind. */
const edges: Record<string, object> = {
  none: {},
  nginx: {},
  nlb: {},
  alb: {},
  gateway: {},
  istio: {},
};
const stores: Record<string, { readonly config: object; readonly secrets: object }> = {
  redis: { config: {}, secrets: {} },
  elasticache: { config: elasticache, secrets: {} },
  external: { config: {}, secrets: { redisUrl: generated("redisUrl") } },
};
const pairs = Object.keys(edges).flatMap((edge) => Object.keys(stores).map((store) => ({ edge, store })));

describe("every edge with every store", () => {
  test.each(pairs)("renders: $edge with $store", async ({ edge, store }) => {
    const { config, secrets } = stores[store] ?? { config: {}, secrets: {} };
    const objects = await rendered("staging", {
      edge: { kind: edge, ...edges[edge] },
      sessionStore: { kind: store, ...config },
      ...(edge === "none" ? { network: { edge: [{ sameNamespace: true }] } } : {}),
      ...secrets,
    });
    const deployments = workloads(objects, "Deployment");
    expect(deployments).toHaveLength(2);
    for (const deployment of deployments) {
      expect(() => loadAppConfig(environmentOf(deployment, objects))).not.toThrow();
    }
  });

  test("are all kinds", () => {
    const kindsOf = (schemas: readonly { shape: { kind: { value: string } } }[]) =>
      schemas.map(({ shape }) => shape.kind.value);
    expect(Object.keys(edges)).toEqual(kindsOf(edgeSchema.options));
    // The application does not support kind none; examples/Pulumi.own-images.yaml has it.
    expect(["none", ...Object.keys(stores)]).toEqual(kindsOf(sessionStoreSchema.options));
  });
});

describe("every edge", () => {
  test.each([
    { kind: "nginx" },
    { kind: "nlb", targets: "pods" },
    { kind: "alb" },
    { kind: "gateway" },
    { kind: "istio" },
  ])("routes to the Service of the pods that keep a service's sockets: $kind", async (config) => {
    const backends = [{ name: "chat", path: "/chat", serviceName: "chat-front" }];
    const { resources } = await create(config, {}, { backends });
    const text = JSON.stringify(resources.map(({ inputs }) => inputs.spec));
    expect(text).toMatch(/"chat-front[."]/);
    expect(text).not.toMatch(/"chat\.nova|"name":"chat","port"/);
  });
});

describe("the examples", () => {
  test("are all in the table of their README, and it has no others", () => {
    const text = readFileSync(path.join(projectRoot, "examples/README.md"), "utf8");
    const linked = [...text.matchAll(/\[([\w-]+)\]\(Pulumi\.\1\.yaml\)/g)].map(([, name]) => name);
    expect(linked.sort()).toEqual(examples());
  });

  test("have every kind of edge and every kind of store", async () => {
    const kinds = await Promise.all(
      examples().map(async (example) => {
        const { values } = await readStackConfig(example, {}, (name) => name);
        const kindOf = (key: string) => (JSON.parse(values[key] ?? "{}") as { kind: string }).kind;
        return { edge: kindOf("edge"), store: kindOf("sessionStore") };
      }),
    );
    const edgeKinds = edgeSchema.options.map(({ shape }) => shape.kind.value);
    const storeKinds = sessionStoreSchema.options.map(({ shape }) => shape.kind.value);
    expect([...new Set(kinds.map(({ edge }) => edge))].sort()).toEqual([...edgeKinds].sort());
    expect(storeKinds.filter((kind) => !kinds.some(({ store }) => store === kind))).toEqual([]);
  });
});
