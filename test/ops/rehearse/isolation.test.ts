import type { V1LabelSelector } from "@kubernetes/client-node";
import { isIsolated } from "../../../ops/rehearse/cluster/isolation";
import { loadPolicies } from "../../../ops/rehearse/cluster/load-objects";
import { live, service } from "./live";

const labels = { app: "chat", tier: "front" };
const policy = (podSelector: V1LabelSelector, policyTypes = ["Ingress"]) => ({
  spec: { podSelector, policyTypes },
});

describe("isIsolated", () => {
  it.each([
    ["nothing", [], false],
    ["a policy for all pods", [policy({})], true],
    ["a policy without types, which is one of ingress", [{ spec: { podSelector: {} } }], true],
    ["a policy of egress alone", [policy({}, ["Egress"])], false],
    ["a policy for its labels", [policy({ matchLabels: { app: "chat" } })], true],
    ["a policy for others", [policy({ matchLabels: { app: "chat", tier: "back" } })], false],
    [
      "In, met",
      [policy({ matchExpressions: [{ key: "app", operator: "In", values: ["x", "chat"] }] })],
      true,
    ],
    ["In, not met", [policy({ matchExpressions: [{ key: "app", operator: "In", values: ["x"] }] })], false],
    ["NotIn, met", [policy({ matchExpressions: [{ key: "app", operator: "NotIn", values: ["x"] }] })], true],
    ["Exists, met", [policy({ matchExpressions: [{ key: "tier", operator: "Exists" }] })], true],
    [
      "DoesNotExist, not met",
      [policy({ matchExpressions: [{ key: "app", operator: "DoesNotExist" }] })],
      false,
    ],
    ["one of two", [policy({ matchLabels: { app: "x" } }), policy({})], true],
  ])("recognizes %s", (_title, policies, isolated) => {
    expect(isIsolated(labels, policies)).toBe(isolated);
  });
});

describe("policies of the load", () => {
  const args = {
    id: "abc",
    services: [service("messaging")],
    count: 1,
    image: "x",
    deadlineSeconds: 60,
    avoid: undefined,
  };
  const names = (stack = live()) => loadPolicies({ ...args, stack }).map(({ metadata }) => metadata?.name);

  it("open a closed service", () => {
    expect(names(live({ policies: [policy({})] }))).toEqual([
      "rehearsal-abc-load",
      "rehearsal-abc-into-messaging-service",
    ]);
  });

  it("do not change a service that is open to all: a policy would block its users", () => {
    expect(names()).toEqual(["rehearsal-abc-load"]);
  });
});
