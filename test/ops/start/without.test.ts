import { withoutAffinity } from "../../../ops/start/without-affinity";
import { withoutDrain } from "../../../ops/start/without-drain";
import { deployment, ingress, service } from "../local/fixtures";

const preStop = { httpGet: { path: "/prestop", port: "lifecycle" } };
const objects = [
  service("echo", true),
  ingress({
    annotations: { affinity: "cookie", "session-cookie-name": "SERVERID", "proxy-read-timeout": "3600" },
  }),
  deployment({ preStop, env: { PRE_STOP_SECONDS: "10", DRAIN_SECONDS: "30", LOG_LEVEL: "info" } }),
  { apiVersion: "v1", kind: "Namespace", metadata: { name: "nova" } },
];

describe("withoutAffinity", () => {
  it("changes only affinity", () => {
    expect(withoutAffinity(objects)).toEqual([
      service("echo", false),
      ingress({ annotations: { "proxy-read-timeout": "3600" } }),
      ...objects.slice(2),
    ]);
  });
});

describe("withoutDrain", () => {
  it("removes preStop, and lets the application close its sockets at once", () => {
    const env = { LOG_LEVEL: "info", PRE_STOP_SECONDS: "0", DRAIN_SECONDS: "0" };
    expect(withoutDrain(objects)).toEqual([objects[0], objects[1], deployment({ env }), objects[3]]);
  });
});

it("neither changes its input", () => {
  const before = JSON.stringify(objects);
  withoutAffinity(withoutDrain(objects));
  expect(JSON.stringify(objects)).toBe(before);
});
