import { readFileSync } from "node:fs";
import { evaluateProgram } from "../../ops/render/evaluate";
import { manifest } from "../../ops/render/manifest";
import { render, renderStack, type Rendering } from "../../ops/render/render";
import { examples, goldenFile, stacks } from "../../ops/render/stacks";
import { toYaml } from "../../ops/render/yaml";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { parseAllDocuments } from "yaml";
import { rendered } from "./rendered";

describe.each([...stacks(), ...examples()])("the manifests of %s", (stack) => {
  let rendering: Rendering;
  beforeAll(async () => {
    rendering = await render(stack);
  });

  test("are the golden ones; npm run golden writes them anew", () => {
    expect(toYaml(rendering)).toBe(readFileSync(goldenFile(stack), "utf8"));
  });

  test("are the same in YAML as in JSON", () => {
    const documents = parseAllDocuments(toYaml(rendering)).map((one) => one.toJS() as unknown);
    expect(documents).toEqual(rendering.objects);
  });

  test("have a namespace wherever there is one", async () => {
    const clusterScoped = ["Namespace", "IngressClass"];
    const objects = await renderStack(stack, { overrides: { namespace: "other" } });
    const made = objects.filter(({ kind }) => kind === "Namespace").map(({ metadata }) => metadata.name);
    const named = objects
      .filter(({ kind }) => !clusterScoped.includes(kind))
      .map(({ metadata }) => metadata.namespace);
    expect(made).toContain("other");
    expect(named.filter((namespace) => !made.includes(namespace ?? ""))).toEqual([]);
  });

  test("begin with the namespace, and have only scalers and routes after the objects that they refer to", () => {
    const kinds = rendering.objects.map(({ kind }) => kind);
    expect(kinds[0]).toBe("Namespace");
    const behind = kinds.slice(kinds.lastIndexOf("Deployment") + 1);
    const allowed = [
      "HorizontalPodAutoscaler",
      "ScaledObject",
      "Ingress",
      "Gateway",
      "BackendTrafficPolicy",
      "HTTPRoute",
      "DestinationRule",
      "VirtualService",
    ];
    expect(behind.filter((kind) => !allowed.includes(kind))).toEqual([]);
  });

  test("have no duplicate name", () => {
    const names = rendering.objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
    expect(new Set(names).size).toBe(names.length);
  });
});

describe("secrets", () => {
  test("are placeholders by default", async () => {
    const [secret] = (await renderStack("local")).filter(({ kind }) => kind === "Secret");
    expect(secret).toMatchObject({
      stringData: {
        password: "<secret: redis-password>",
        url: "redis://:<secret: redis-password>@redis.nova.svc:6379",
      },
    });
  });

  test("are placeholders with every prefix of their keys", async () => {
    const overrides = {
      auth: { kind: "jwt" },
      jwtSecret: { secure: "v1:…" },
      publisherToken: { secure: "v1:…" },
    };
    const objects = await renderStack("local", { overrides });
    expect(objects.find(({ metadata }) => metadata.name.startsWith("application-"))).toMatchObject({
      kind: "Secret",
      stringData: { "jwt-secret": "<secret: jwtSecret>", "publisher-token": "<secret: publisherToken>" },
    });
  });

  test("are in Secrets only", async () => {
    const objects = await rendered("local", { publisherToken: "p".repeat(40) });
    for (const object of objects.filter(({ kind }) => kind !== "Secret")) {
      expect(JSON.stringify(object)).not.toMatch(/x{40}|p{40}/);
    }
  });

  test("do not decide the name of the object that holds them", async () => {
    const namesWith = async (value: string) =>
      (await renderStack("local", { secrets: () => value })).map(({ metadata }) => metadata.name);
    expect(await namesWith("one")).toEqual(await namesWith("another"));
  });

  test("are refused in any other object", async () => {
    const program = () => ({ map: new k8s.core.v1.ConfigMap("map", { data: { key: pulumi.secret("b") } }) });
    const { resources } = await evaluateProgram("test", program, (name) => name);
    expect(() => resources.map(manifest)).toThrow(
      /^ConfigMap map-[0-9a-f]{8} contains a secret in data; refer to/,
    );
  });

  test("are not allowed as structure", async () => {
    const overrides = { host: { secure: "v1:…" } };
    await expect(renderStack("local", { overrides })).rejects.toThrow(
      "holdfast:host is an encrypted value. Set it to plain text",
    );
  });
});

describe("evaluateProgram", () => {
  const secretOf = (name: string) => name;

  test("refuses an unknown resource by name", async () => {
    const program = () => ({ pet: new random.RandomPet("rex") });
    await expect(evaluateProgram("test", program, secretOf)).rejects.toThrow(
      "rex is a random:index/randomPet:RandomPet, which rendering does not support",
    );
  });

  test("throws what the program throws", async () => {
    const program = () => {
      throw new Error("no such thing");
    };
    const evaluation = evaluateProgram("test", program, secretOf);
    await expect(evaluation).rejects.toThrow("no such thing");
    await expect(evaluation).rejects.toHaveProperty("stack", expect.stringMatching(/golden\.test\.ts:\d+/));
  });

  test("shows which inputs are secret, at any depth", async () => {
    const program = () => ({
      map: new k8s.core.v1.ConfigMap("map", { data: { open: "a", closed: pulumi.secret("b") } }),
    });
    const { resources } = await evaluateProgram("test", program, secretOf);
    expect(resources).toMatchObject([
      { secretInputs: ["data"], inputs: { data: { open: "a", closed: "b" } } },
    ]);
  });

  test("runs one after the other, so that two stacks at once do not mix", async () => {
    const [local, prod] = await Promise.all([renderStack("local"), renderStack("prod")]);
    expect(local).toEqual(await renderStack("local"));
    expect(prod).toEqual(await renderStack("prod"));
  });
});

describe("overrides", () => {
  test("are merged into objects key by key", async () => {
    const objects = await renderStack("staging", { overrides: { drain: { drainSeconds: 20 } } });
    const text = JSON.stringify(objects.find(({ kind }) => kind === "Deployment"));
    expect(text).toContain('{"name":"DRAIN_SECONDS","value":"20"}');
    expect(text).toContain('{"name":"PRE_STOP_SECONDS","value":"10"}');
  });

  test("of another kind replace the object", async () => {
    const objects = await renderStack("staging", { overrides: { edge: { kind: "none" } } });
    expect(objects.filter(({ kind }) => kind === "Ingress")).toEqual([]);
  });

  test("are checked like other configuration", async () => {
    await expect(renderStack("local", { overrides: { drain: { drainSeconds: 60 } } })).rejects.toThrow(
      "drain.gracePeriodSeconds is 11, expected at least 66",
    );
  });
});

test("a stack that does not exist is an error that lists the existing ones", async () => {
  await expect(renderStack("nope")).rejects.toThrow(
    "Pulumi.nope.yaml does not exist; the stacks are local, prod, staging, the examples alb-elasticache, ",
  );
});
