import { readFile } from "node:fs/promises";
import path from "node:path";
import { parse } from "yaml";
import { projectRoot } from "../../ops/render/stacks";
import { runUnderEngine, type Run } from "./fake-engine";
import { PolicyProcess } from "./policy/policy-process";

/** What `pulumi new` does with this repository. It starts other Node.js processes, which load Pulumi's SDKs. */
jest.setTimeout(300_000);

interface ProjectFile {
  readonly template: {
    readonly description: string;
    readonly config: Readonly<Record<string, { readonly description: string; readonly default?: string }>>;
  };
  readonly config: Readonly<Record<string, { readonly default: unknown }>>;
}

const project = "team-chat";
let file: ProjectFile;

/** The configuration of a stack whose answers are the defaults; Pulumi also passes the defaults of Pulumi.yaml. */
function answered(): Record<string, string> {
  const text = (value: unknown) => (typeof value === "string" ? value : JSON.stringify(value));
  return Object.fromEntries(
    [...Object.entries(file.config), ...Object.entries(file.template.config)].map(([key, value]) => [
      `${project}:${key}`,
      text(value.default),
    ]),
  );
}

const run = (config: Readonly<Record<string, string>>) => runUnderEngine("dev", config, { project });

beforeAll(async () => {
  file = parse(await readFile(path.join(projectRoot, "Pulumi.yaml"), "utf8")) as ProjectFile;
});

test("asks for what every stack must set, each with an explanation and an example", () => {
  expect(file.template.description).not.toBe("");
  expect(Object.keys(file.template.config)).toEqual(["namespace", "host", "services"]);
  for (const key of Object.values(file.template.config)) {
    expect(key.description).toMatch(/\.$/);
    expect(key.default).toBeDefined();
  }
});

test("asks for nothing that Pulumi.yaml declares: answers are text, and Pulumi refuses a text for an object", () => {
  expect(Object.keys(file.template.config).filter((key) => key in file.config)).toEqual([]);
});

describe("a project of another name", () => {
  let made: Run;
  beforeAll(async () => {
    made = await run(answered());
  });

  test("deploys the given image, with the answers alone", () => {
    expect(made).toMatchObject({ exitCode: 0, log: "" });
    const [deployment, ...others] = made.registered.filter(({ type }) => type.endsWith(":Deployment"));
    expect(others).toEqual([]);
    expect(JSON.stringify(deployment?.inputs)).toContain('"image":"registry.example.com/chat:1.4.0"');
    expect(made.outputs).toMatchObject({ namespace: "chat", urls: { chat: "wss://chat.example.com/" } });
  });

  test("keeps Holdfast's policies", async () => {
    const pack = await PolicyProcess.start();
    try {
      for (const { type, name, inputs, protect } of made.registered) {
        expect(await pack.analyze("dev", { type, name, properties: inputs, protect })).toEqual([]);
      }
      const stack = made.registered.map(({ state, ...one }) => ({ ...one, properties: state }));
      expect(await pack.analyzeStack("dev", stack)).toEqual([]);
    } finally {
      await pack.stop();
    }
  });

  test("reads the stack files of this repository, whose keys begin with holdfast", async () => {
    const { exitCode, outputs } = await run({ ...answered(), "holdfast:host": "other.example.com" });
    expect(exitCode).toBe(0);
    expect(outputs).toMatchObject({ urls: { chat: "wss://other.example.com/" } });
  });

  test("gets an error for a wrong answer, and for nothing else", async () => {
    const { exitCode, log } = await run({ ...answered(), [`${project}:host`]: "-" });
    expect(exitCode).not.toBe(0);
    expect(log).toContain("holdfast:host is -. Set it to a host name");
  });
});
