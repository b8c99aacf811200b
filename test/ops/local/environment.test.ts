import { references, resolveEnvironment } from "../../../ops/local/environment";
import type { Container, Manifest } from "../../../ops/local/manifest";

const objects: readonly (Manifest & Record<string, unknown>)[] = [
  {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "redis" },
    data: { password: Buffer.from("pässword").toString("base64") },
    stringData: { url: "redis://:p@redis:6379" },
  },
  { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "limits" }, data: { MAX_ROOMS: "7" } },
];

const pod = {
  address: "127.9.0.2",
  metadata: { name: "echo-1", namespace: "nova", labels: { "app.kubernetes.io/name": "echo" } },
};

function resolve(container: Partial<Container>) {
  return resolveEnvironment({ name: "app", ...container }, pod, references(objects));
}

describe("resolveEnvironment", () => {
  it.each([
    ["a plain value", { value: "1" }, "1"],
    [
      "a Secret's encoded key",
      { valueFrom: { secretKeyRef: { name: "redis", key: "password" } } },
      "pässword",
    ],
    [
      "a Secret's plain key",
      { valueFrom: { secretKeyRef: { name: "redis", key: "url" } } },
      "redis://:p@redis:6379",
    ],
    ["a ConfigMap's key", { valueFrom: { configMapKeyRef: { name: "limits", key: "MAX_ROOMS" } } }, "7"],
    ["the pod's name", { valueFrom: { fieldRef: { fieldPath: "metadata.name" } } }, "echo-1"],
    ["the pod's address", { valueFrom: { fieldRef: { fieldPath: "status.podIP" } } }, "127.9.0.2"],
    [
      "a label",
      { valueFrom: { fieldRef: { fieldPath: "metadata.labels['app.kubernetes.io/name']" } } },
      "echo",
    ],
    ["a variable before it", { value: "x-$(FIRST)-y" }, "x-1-y"],
    ["an unknown variable, which stays", { value: "$(NOT_THERE)" }, "$(NOT_THERE)"],
    ["an escaped variable", { value: "$$(FIRST)" }, "$(FIRST)"],
  ])("reads %s", (_title, source, expected) => {
    expect(
      resolve({
        env: [
          { name: "FIRST", value: "1" },
          { name: "IT", ...source },
        ],
      }).IT,
    ).toBe(expected);
  });

  it("reads whole maps, and lets single variables override them", () => {
    const envFrom = [{ configMapRef: { name: "limits" } }, { prefix: "R_", secretRef: { name: "redis" } }];
    expect(resolve({ envFrom, env: [{ name: "MAX_ROOMS", value: "9" }] })).toEqual({
      MAX_ROOMS: "9",
      R_password: "pässword",
      R_url: "redis://:p@redis:6379",
    });
  });

  it("skips an optional reference without a target", () => {
    const env = [{ name: "A", valueFrom: { secretKeyRef: { name: "none", key: "k", optional: true } } }];
    expect(resolve({ env, envFrom: [{ configMapRef: { name: "none", optional: true } }] })).toEqual({});
  });

  it.each([
    [
      "a missing key",
      { env: [{ name: "A", valueFrom: { secretKeyRef: { name: "redis", key: "tls" } } }] },
      "variable A: Secret redis has no key tls",
    ],
    ["a missing map", { envFrom: [{ configMapRef: { name: "gone" } }] }, "envFrom names ConfigMap gone"],
    [
      "an unknown field",
      { env: [{ name: "A", valueFrom: { fieldRef: { fieldPath: "spec.nodeName" } } }] },
      "the local runner does not support fieldRef spec.nodeName",
    ],
  ])("refuses %s", (_title, container, message) => {
    expect(() => resolve(container)).toThrow(message);
  });
});
