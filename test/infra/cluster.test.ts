import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { contextOf } from "../../ops/render/stack-config";
import { ContextError, contextWarning, kubeconfigFiles, readKubeconfig } from "../../infra/stack/cluster";

const here = { files: ["/home/me/.kube/config"], contexts: ["kind-kind", "prod"], current: "kind-kind" };

describe("the context of a stack", () => {
  it("is the configured one, whatever the current one is", () => {
    expect(contextWarning("staging", "prod", here)).toBeUndefined();
  });

  it("is refused if the kubeconfig does not have it, with the contexts that it has and the change", () => {
    const check = () => contextWarning("staging", "eks", here);
    expect(check).toThrow(ContextError);
    expect(check).toThrow(
      "stack staging is for the context eks (kubernetes:context), but /home/me/.kube/config has kind-kind, prod. " +
        "Add that cluster to your kubeconfig, or, if the same cluster has another name here, run: " +
        "pulumi config set kubernetes:context NAME --stack staging",
    );
    expect(() => contextWarning("staging", "eks", { ...here, contexts: [] })).toThrow("has no context");
  });

  it("is the current one if the stack names none, and a warning has the command that sets it", () => {
    expect(contextWarning("mine", undefined, here)).toBe(
      "stack mine does not say which cluster it is for, so it goes to the current context, kind-kind. " +
        "Name the context, so that the stack always uses this cluster: " +
        "pulumi config set kubernetes:context kind-kind --stack mine",
    );
    expect(contextWarning("mine", undefined, { ...here, current: undefined })).toBeUndefined();
  });
});

describe("the kubeconfig", () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(path.join(tmpdir(), "holdfast-kubeconfig-"))));
  afterEach(() => rmSync(folder, { recursive: true }));

  const write = (name: string, text: string) => {
    const file = path.join(folder, name);
    writeFileSync(file, text);
    return file;
  };

  it("is found as kubectl finds it", () => {
    expect(kubeconfigFiles({}, "/home/me")).toEqual(["/home/me/.kube/config"]);
    expect(kubeconfigFiles({ KUBECONFIG: "" }, "/home/me")).toEqual(["/home/me/.kube/config"]);
    expect(kubeconfigFiles({ KUBECONFIG: "/a:/b" }, "/home/me")).toEqual(["/a", "/b"]);
  });

  it("may be several files: the contexts of all, the first current one", () => {
    const first = write("first", "contexts: [{ name: a }]");
    const second = write("second", 'contexts: [{ name: b }, { name: c }]\ncurrent-context: "b"');
    expect(readKubeconfig([first, second, path.join(folder, "missing")])).toEqual({
      files: [first, second],
      contexts: ["a", "b", "c"],
      current: "b",
    });
  });

  it.each([
    ["is empty", ""],
    ["names nothing", "contexts: null\ncurrent-context: ''"],
  ])("has no context if it %s", (_, text) => {
    const file = write("config", text);
    expect(readKubeconfig([file])).toEqual({ files: [file], contexts: [], current: undefined });
  });

  it("is ignored if it is missing or not YAML", () => {
    expect(readKubeconfig([path.join(folder, "missing"), write("broken", "contexts: [")])).toBeUndefined();
  });
});

it("is used by the commands on a live stack, unless they get another one", () => {
  expect(contextOf({ "kubernetes:context": "prod", "holdfast:namespace": "chat" })).toBe("prod");
  expect(contextOf({ "holdfast:namespace": "chat" })).toBeUndefined();
});

it("is required of the commands if only Pulumi knows the stack's cluster", () => {
  const config = { "kubernetes:kubeconfig": { secure: "v1:abc" }, "kubernetes:context": "prod" };
  expect(() => contextOf(config)).toThrow(/kubernetes:kubeconfig, which only Pulumi reads.* --context/s);
});
