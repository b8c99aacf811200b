import { parseOptions, UsageError } from "../../../ops/rehearse/options";
import { faults } from "../../../ops/rehearse/faults";

const parse = (...args: string[]) => parseOptions(["--stack", "staging", ...args]);

describe("parseOptions", () => {
  it("has a small load and nothing dangerous by default", () => {
    expect(parse()).toEqual({
      stack: "staging",
      service: [],
      restart: false,
      kill: false,
      redisRestart: false,
      inside: true,
      loadPods: 4,
      clients: 100,
      plain: 20,
      rooms: 5,
      rate: 20,
      steady: 5,
      timeout: 900,
      out: ".holdfast/rehearsals",
      json: false,
      yes: false,
      clean: false,
    });
  });

  it("runs clients where the URL is for them, or where they are requested", () => {
    expect(parse("--url", "wss://x")).toMatchObject({ inside: false });
    expect(parse("--url", "wss://x", "--inside")).toMatchObject({ inside: true });
  });

  it("accepts the given values", () => {
    expect(
      parse("--service", "a", "--service", "b", "--scale", "5", "--node-drain", "n1", "--url", "wss://x"),
    ).toMatchObject({ service: ["a", "b"], scale: 5, nodeDrain: "n1", url: "wss://x" });
  });

  it.each([
    ["no stack", [], "required option '-s, --stack <name>' not specified"],
    ["an unknown option", ["--stack", "x", "--force"], "unknown option '--force'"],
    ["an argument", ["--stack", "x", "prod"], "too many arguments"],
    ["too many clients", ["--stack", "x", "--clients", "1001"], "It must be an integer from 2 to 1000."],
    ["too high a rate", ["--stack", "x", "--rate", "201"], "It must be an integer from 1 to 200."],
    ["replicas that are no number", ["--stack", "x", "--scale", "many"], "an integer from 1 to 100"],
    ["no replicas at all", ["--stack", "x", "--scale", "0"], "an integer from 1 to 100"],
    ["a token, which everybody on the machine would see", ["--stack", "x", "--token", "t"], "unknown option"],
  ])("refuses %s", (_title, args, words) => {
    const parsing = () => parseOptions(args);
    expect(parsing).toThrow(UsageError);
    expect(parsing).toThrow(words);
  });

  it("prints its help, including the exit codes", () => {
    let help = "";
    expect(parseOptions(["--help"], (text) => (help += text))).toBeUndefined();
    expect(help).toContain("--node-drain <node>");
    for (const code of [0, 1, 2, 3, 4, 130]) expect(help).toMatch(new RegExp(`^ +${code} +\\w`, "m"));
  });
});

describe("faults", () => {
  const named = (...args: string[]) => {
    const options = parse(...args);
    return options && faults(options).map(({ name }) => name);
  };

  it("is a rolling restart by default", () => {
    expect(named()).toEqual(["rolling restart"]);
  });

  it("are the requested ones, in a fixed order", () => {
    expect(named("--kill", "--scale", "2")).toEqual(["scale to 2 and back", "kill -9 of a pod"]);
    expect(named("--redis-restart", "--kill", "--node-drain", "n1", "--restart")).toEqual([
      "rolling restart",
      "drain of node n1",
      "kill -9 of a pod",
      "Redis restart",
    ]);
  });
});
