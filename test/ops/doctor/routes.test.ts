import { answer } from "../../../ops/doctor/check";
import { gatewayRoutes, istioRoutes } from "../../../ops/doctor/checks/gateway-routes";
import type { Snapshot } from "../../../ops/doctor/snapshot";
import { healthySnapshot } from "./healthy";
import { spoil } from "./spoil";

/** The first use of Pulumi's SDKs loads them, which takes seconds on a busy machine. */
jest.setTimeout(120_000);

describe.each([
  { stack: "gateway-redis", check: gatewayRoutes },
  { stack: "istio-external", check: istioRoutes },
])("$check.name", ({ stack, check }) => {
  it("finds nothing wrong with what the program renders", async () => {
    const { findings } = answer(check, await healthySnapshot(stack));
    expect(findings.map(({ status }) => status)).toEqual(["ok"]);
  });
});

const route = "objects.httpRoutes.0";
const policy = "objects.backendPolicies.0";
const accepted = (status: string) => [
  { conditions: [{ type: "Accepted", status, reason: "Invalid", message: "no such Gateway" }] },
];
const ofGateway = {
  metadata: { name: "limits", namespace: "nova" },
  spec: {
    targetRefs: [{ kind: "Gateway", name: "holdfast" }],
    timeout: { http: { streamIdleTimeout: "5s" } },
  },
};

it.each([
  {
    title: "a route that lost its session persistence to CRDs that do not know it",
    change: (healthy: Snapshot) => spoil(healthy, `${route}.spec.rules.0.sessionPersistence`, undefined),
    what: "rule 1 has no sessionPersistence",
    status: "fail",
  },
  {
    title: "a route without a policy",
    change: (healthy: Snapshot) => spoil(healthy, "objects.backendPolicies", []),
    what: "circuitBreaker has maxConnections 1024, maxPendingRequests 1024, maxParallelRequests 1024",
    status: "fail",
  },
  {
    title: "a policy that retries nothing",
    change: (healthy: Snapshot) => spoil(healthy, `${policy}.spec.retry`, undefined),
    what: "no BackendTrafficPolicy retries a connection that fails",
    status: "warn",
  },
  {
    title: "a Gateway that cuts quiet sockets, where the route's policy lets it",
    change: (healthy: Snapshot) =>
      spoil(spoil(healthy, `${policy}.spec.timeout`, undefined), "objects.clientPolicies", [ofGateway]),
    what: "PING_INTERVAL_SECONDS of Deployment nova/messaging-service is 25",
    status: "fail",
  },
  {
    title: "a route that no Gateway accepts",
    change: (healthy: Snapshot) => spoil(healthy, `${route}.status`, { parents: accepted("False") }),
    what: "the Gateway's controller does not accept it",
    status: "fail",
  },
  {
    title: "a policy that is not accepted",
    change: (healthy: Snapshot) => spoil(healthy, `${policy}.status`, { ancestors: accepted("False") }),
    what: "the Gateway's controller does not accept it",
    status: "fail",
  },
  {
    title: "no route at all",
    change: (healthy: Snapshot) => spoil(healthy, "objects.httpRoutes", []),
    what: "no HTTPRoute routes to the services",
    status: "fail",
  },
])("gateway-routes reports $title", async ({ change, what, status }) => {
  const { findings } = answer(gatewayRoutes, change(await healthySnapshot("gateway-redis")));
  const problems = findings.filter((finding) => finding.status !== "ok");
  expect(problems).toContainEqual(
    expect.objectContaining({ status, what: expect.stringContaining(what) as string }),
  );
});

it("istio-routes reports retries that the hash leads back to the dead pod", async () => {
  const healthy = await healthySnapshot("istio-external");
  const objects = spoil(healthy.objects, "virtualServices.0.spec.http.0.retries", undefined);
  const { findings } = answer(istioRoutes, { ...healthy, objects });
  expect(findings).toMatchObject([{ status: "warn", what: "rule 1 retries on the same pod" }]);
});
