import { ClientIpAffinity } from "../../../ops/local/client-ip";
import type { Endpoint } from "../../../ops/local/endpoints";

const endpoint = (pod: string, incarnation = 1): Endpoint => ({
  pod,
  address: "127.9.0.2",
  port: 8080,
  id: `${pod}/${incarnation}`,
});
const [a, b, c] = [endpoint("a"), endpoint("b"), endpoint("c")];
const first = () => 0;
const last = () => 0.999;

describe("ClientIpAffinity", () => {
  it("sends a client where its last connection went, and another one at random", () => {
    const affinity = new ClientIpAffinity(60);
    expect(affinity.pick("10.0.0.1", [a, b, c], 0, first)).toBe(a);
    expect(affinity.pick("10.0.0.1", [a, b, c], 1_000, last)).toBe(a);
    expect(affinity.pick("10.0.0.2", [a, b, c], 1_000, last)).toBe(c);
  });

  it("ends when the client opened no connection for the timeout", () => {
    const affinity = new ClientIpAffinity(60);
    affinity.pick("10.0.0.1", [a, b], 0, first);
    expect(affinity.pick("10.0.0.1", [a, b], 59_999, last)).toBe(a);
    // That connection restarted the timeout.
    expect(affinity.pick("10.0.0.1", [a, b], 119_998, last)).toBe(a);
    expect(affinity.pick("10.0.0.1", [a, b], 179_998, last)).toBe(b);
  });

  it("lasts three hours if the Service sets no timeout", () => {
    const affinity = new ClientIpAffinity();
    affinity.pick("10.0.0.1", [a, b], 0, first);
    expect(affinity.pick("10.0.0.1", [a, b], 10_799_999, last)).toBe(a);
    expect(affinity.pick("10.0.0.1", [a, b], 21_599_999, last)).toBe(b);
  });

  it("moves a client whose endpoint is not ready, permanently", () => {
    const affinity = new ClientIpAffinity(60);
    affinity.pick("10.0.0.1", [a, b], 0, first);
    expect(affinity.pick("10.0.0.1", [b], 1_000, first)).toBe(b);
    expect(affinity.pick("10.0.0.1", [a, b], 2_000, first)).toBe(b);
  });

  it("forgets an endpoint that was not ready between two connections", () => {
    const affinity = new ClientIpAffinity(60);
    affinity.pick("10.0.0.1", [a, b], 0, first);
    expect(affinity.pick("10.0.0.1", [endpoint("a", 2), b], 1_000, last)).toBe(b);
  });

  it("has no answer while there is no endpoint, and starts again afterwards", () => {
    const affinity = new ClientIpAffinity(60);
    expect(affinity.pick("10.0.0.1", [], 0, first)).toBeUndefined();
    expect(affinity.pick("10.0.0.1", [b], 1_000, first)).toBe(b);
  });
});
