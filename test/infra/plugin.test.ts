import { readFile } from "node:fs/promises";
import path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import * as library from "../../infra/index";
import { ComponentProvider } from "../../infra/plugin/provider";
import { packageSchema, schemaText } from "../../infra/plugin/schema";
import { projectRoot } from "../../ops/render/stacks";
import { deployed, inputsOf } from "./deployed";

interface Schema {
  readonly resources: Readonly<
    Record<string, { readonly inputProperties: Readonly<Record<string, { type?: unknown; $ref?: string }>> }>
  >;
}

const provider = new ComponentProvider();

/** Creates components as the engine does through the plugin, for a program in another language. */
function constructed(make: () => Promise<object>) {
  return deployed(() => ({ made: pulumi.output(make()) }));
}

const construct = (component: string, name: string, inputs: pulumi.Inputs) =>
  provider.construct(name, `holdfast:index:${component}`, inputs, {});

describe("the plugin's schema", () => {
  const { resources } = packageSchema() as Schema;

  test("is committed as npm run golden writes it", async () => {
    const file = path.join(projectRoot, "infra/plugin/schema.json");
    expect(await readFile(file, "utf8")).toBe(schemaText());
    expect(await provider.getSchema()).toBe(JSON.stringify(packageSchema()));
  });

  test("has every component of the library", () => {
    const components = Object.entries(library)
      .filter(([, value]) => Object.prototype.isPrototypeOf.call(pulumi.ComponentResource, value))
      .map(([name]) => `holdfast:index:${name}`);
    expect(Object.keys(resources).sort()).toEqual(components.sort());
  });

  test("gives each argument one type, or refers to any", () => {
    const properties = Object.values(resources).flatMap((resource) =>
      Object.values(resource.inputProperties),
    );
    const wrong = properties.filter(
      ({ type, $ref }) => typeof type !== "string" && $ref !== "pulumi.json#/Any",
    );
    expect(wrong).toEqual([]);
    expect(properties.length).toBeGreaterThan(150);
  });
});

describe("a program in another language", () => {
  test("passes a component's outputs to the next", async () => {
    const evaluation = await constructed(async () => {
      const store = await construct("RedisStore", "sessions", { namespace: "chat" });
      const chat = await construct("WebSocketService", "chat", {
        image: pulumi.output("registry.example.com/chat:1.4.0"),
        namespace: "chat",
        port: 3000,
        sessionStore: pulumi.output(store.state as object),
      });
      const { backend } = chat.state as { backend: object };
      return construct("NginxEdge", "edge", {
        namespace: "chat",
        host: "api.example.com",
        backends: [pulumi.output(backend)],
      });
    });
    expect(evaluation.outputs.made).toMatchObject({ state: { urls: { chat: "wss://api.example.com/" } } });
    const [container] = inputsOf(evaluation, "Deployment").spec.template.spec.containers;
    expect(container).toMatchObject({
      image: "registry.example.com/chat:1.4.0",
      env: [{ name: "REDIS_URL", valueFrom: { secretKeyRef: { key: "url" } } }],
    });
  });

  test.each([
    [
      "an argument that is not known before the update",
      { image: "chat:1", env: unknownOutput() },
      "WebSocketService chat: env is not known before the update",
    ],
    [
      "a secret where the argument would show it",
      { image: "chat:1", env: pulumi.secret({ PASSWORD: "x" }) },
      "WebSocketService chat: env is secret. Put it into a Secret",
    ],
    ["a wrong value", { image: "chat:1", port: 0 }, "WebSocketService chat: port is 0. Set it to"],
    ["a misspelt argument", { image: "chat:1", prot: 80 }, "WebSocketService chat: prot is 80"],
  ])("gets an error for %s", async (_, inputs, message) => {
    let refused: unknown;
    await constructed(async () => {
      refused = await construct("WebSocketService", "chat", inputs).catch((error: unknown) => error);
      return {};
    });
    expect(refused).toBeInstanceOf(library.ArgumentError);
    expect((refused as Error).message).toContain(message);
  });
});

/** As in a preview. */
function unknownOutput(): pulumi.Output<object> {
  const Unknown = pulumi.Output as unknown as new (...parts: unknown[]) => pulumi.Output<object>;
  const [value, known, secret] = [{}, false, false].map((part) => Promise.resolve<unknown>(part));
  return new Unknown(new Set(), value, known, secret, Promise.resolve([]));
}
