import { readFileSync } from "node:fs";
import path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { evaluate } from "../../ops/render/evaluate";
import { readStackConfig } from "../../ops/render/stack-config";
import { runUnderEngine, secret, type Run } from "./fake-engine";

/** Starts another Node.js process, which loads Pulumi's SDKs and compiles the program. */
jest.setTimeout(120_000);

async function up(stack: string): Promise<Run> {
  const { values } = await readStackConfig(stack, {}, (name) => name);
  return runUnderEngine(stack, named(values));
}

const isOurs = (type: string) => type.startsWith("holdfast:") || type.startsWith("pulumi:");

const names = (all: readonly { type: string; name: string }[]) =>
  all.map(({ type, name }) => `${type} ${name}`).sort();

function registeredIn({ registered }: Run): string[] {
  return names(registered.filter(({ type }) => !isOurs(type)));
}

async function renderedOf(stack: string): Promise<string[]> {
  const config = await readStackConfig(stack, {}, (name) => name);
  const { resources } = await evaluate(stack, config, { secretOf: (name) => name, secretsAreReal: false });
  return names(resources);
}

/** The resources that only one kind of session store has. */
const stores = [
  {
    stack: "local",
    store: {
      secret: { password: "generated", url: "redis://:generated@redis.nova.svc:6379" },
      renewed: [
        ["redis-auth", "stringData"],
        ["redis-config", "data"],
      ],
      kept: [],
    },
  },
  {
    stack: "prod",
    store: {
      secret: { url: "rediss://:generated@master.redis-group.euc1.cache.amazonaws.com:6379" },
      renewed: [["redis-auth", "stringData"]],
      kept: ["redis-group"],
    },
  },
];

/** The stacks differ in data only; these two together have every kind of resource. */
describe.each(stores)(
  "the program of stack $stack under Pulumi's own Node.js runtime",
  ({ stack, store }) => {
    let run: Run;
    beforeAll(async () => {
      run = await up(stack);
    });

    test("ends well", () => {
      expect(run).toMatchObject({ exitCode: 0, log: "" });
    });

    test("registers what a rendering of the stack shows", async () => {
      const config = await readStackConfig(stack, {}, (name) => name);
      const { resources } = await evaluate(stack, config, {
        secretOf: (name) => name,
        secretsAreReal: false,
      });
      const names = (all: readonly { type: string; name: string }[]) =>
        all.map(({ type, name }) => `${type} ${name}`).sort();
      expect(names(run.registered.filter(({ type }) => !isOurs(type)))).toEqual(names(resources));
    });

    test("outputs where to connect and how to watch a rollout", () => {
      expect(run.outputs).toEqual({
        urls: {
          "messaging-service": expect.stringMatching(
            /^wss?:\/\/[^/]+\/messaging\/chat\/\{room_id\}$/,
          ) as string,
          "streaming-service": expect.stringMatching(
            /^wss?:\/\/[^/]+\/streaming\/chat\/\{room_id\}$/,
          ) as string,
        },
        namespace: "nova",
        watchRollout: {
          "messaging-service": "kubectl --namespace nova rollout status deployment/messaging-service --watch",
          "streaming-service": "kubectl --namespace nova rollout status deployment/streaming-service --watch",
        },
      });
    });

    test("passes the URL of the store, with its password, to the engine as a secret", () => {
      const secrets = run.registered.filter(({ type }) => type === "kubernetes:core/v1:Secret");
      expect(secrets.map(({ inputs }) => inputs.stringData)).toEqual([secret(store.secret)]);
    });

    test("replaces objects with settings and secrets, so that the pods that read them roll", () => {
      const renewed = run.registered
        .filter(({ replaceOnChanges }) => replaceOnChanges.length > 0)
        .map(({ name, replaceOnChanges }) => [name, ...replaceOnChanges]);
      expect(renewed.sort()).toEqual(store.renewed);
    });

    test("lets the engine delete and replace everything but the store in AWS", () => {
      const kept = run.registered.filter(({ protect }) => protect).map(({ name }) => name);
      expect(kept).toEqual(store.kept);
    });

    test("waits for pods no longer than they may take, and never for addresses", () => {
      for (const { type, name, inputs, createTimeout } of run.registered) {
        const metadata = inputs.metadata as { annotations?: Record<string, string> } | undefined;
        const skips = metadata?.annotations?.["pulumi.com/skipAwait"] === "true" || inputs.skipAwait === true;
        const headless = (inputs.spec as { clusterIP?: string } | undefined)?.clusterIP === "None";
        const kind = type.slice(type.lastIndexOf(":") + 1);
        if (["Service", "Ingress", "Release"].includes(kind))
          expect([name, skips || headless]).toEqual([name, true]);
        if (["Deployment", "StatefulSet"].includes(kind)) expect(createTimeout).toMatch(/^\d+[sm]$/);
      }
    });
  },
);

describe.each(["staging", "prod"])("the first preview of stack %s, in which nothing exists yet", (stack) => {
  let run: Run;
  beforeAll(async () => {
    const { values } = await readStackConfig(stack, {}, (name) => name);
    run = await runUnderEngine(stack, named(values), { preview: true });
  });

  test("passes unknown values on, and registers everything else as it will be", () => {
    expect([run.exitCode, run.log]).toEqual([0, ""]);
    const { unknownValue } = pulumi.runtime;
    const auth = run.registered.find(({ name }) => name === "redis-auth");
    expect(auth?.inputs.stringData).toBe(unknownValue);
    expect(run.registered.filter(({ type }) => type.endsWith(":Deployment"))).toHaveLength(2);
    expect(run.outputs).toMatchObject({ namespace: "nova" });
  });

  test("shows every resource that an update creates", async () => {
    expect(registeredIn(run)).toEqual(await renderedOf(stack));
  });
});

describe("a wrong configuration", () => {
  test("ends the program with every error and no resource", async () => {
    const { values } = await readStackConfig(
      "local",
      { host: "*", publisherToken: "t".repeat(32) },
      (name) => name,
    );
    const run = await runUnderEngine("local", named(values));
    expect(run.exitCode).not.toBe(0);
    expect(run.log).toContain("the configuration of stack local has 2 issues");
    expect(run.log).toContain("holdfast:host is *. Set it to a host name such as api.nova.social");
    expect(run.log).toContain("holdfast:publisherToken is plain text, expected an encrypted value");
    expect(run.registered.map(({ type }) => type)).toEqual(["pulumi:pulumi:Stack"]);
  });
});

function named(values: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [`holdfast:${key}`, value]));
}

test("Pulumi does not check types on each run, as the file that it reads says", () => {
  const file = path.resolve(__dirname, "../../infra/stack/tsconfig.json");
  expect(readFileSync(file, "utf8")).toContain('"compilerOptions": { "noCheck": true }');
});
