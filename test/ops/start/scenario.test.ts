import type { Trial } from "../../../ops/experiment/trial";
import { nameOf, ofKind } from "../../../ops/local/manifest";
import { renderStack } from "../../../ops/render/render";
import { withAndWithoutProxies, withoutProxies } from "../../../ops/start/proxied";
import { scenarioPassed, scenarios } from "../../../ops/start/scenario";
import { flawless } from "../experiment/verdicts";

const good: Trial = {
  ...flawless,
  name: "rolling restart",
  ownDelayMs: { p50: null, p99: null, max: null },
  closeCodes: {},
  resyncs: 0,
  moves: { mean: 1, max: 1 },
};
const closed: Trial = { ...good, closeCodes: { 1012: 1 } };
const lost: Trial = { ...good, delivered: 2_499, lost: 1 };

function scenario(name: string) {
  const found = scenarios.find((candidate) => candidate.name === name);
  if (found === undefined) throw new Error(`there is no scenario ${name}`);
  return found;
}

describe("scenarioPassed", () => {
  it("requires nothing of a scenario without a guarantee", () => {
    expect(scenarioPassed(scenario("affinity"), [lost])).toBe(true);
  });

  it("allows holdfast's client new sockets, but no loss, in any trial", () => {
    expect(scenarioPassed(scenario("holdfast"), [good, closed])).toBe(true);
    expect(scenarioPassed(scenario("holdfast"), [good, lost])).toBe(false);
  });

  it("allows the proxy neither", () => {
    expect(scenarioPassed(scenario("connectionProxy"), [good])).toBe(true);
    expect(scenarioPassed(scenario("connectionProxy"), [closed])).toBe(false);
    expect(scenarioPassed(scenario("connectionProxy"), [lost])).toBe(false);
  });
});

describe("withAndWithoutProxies", () => {
  it("changes only the proxies of a stack", async () => {
    const secrets = (name: string) => name;
    const { proxied, direct } = await withAndWithoutProxies("local", secrets);
    const names = (objects: typeof proxied) =>
      objects.filter(({ kind }) => kind === "Deployment").map(({ metadata }) => metadata.name);
    const services = ["messaging-service", "streaming-service"];
    expect(names(direct)).toEqual(services);
    expect(names(proxied).toSorted()).toEqual(services.flatMap((name) => [name, `${name}-proxy`]));
    const workloads = names(proxied).map((name) => ({ name }));
    expect(withoutProxies(workloads).map(({ name }) => name)).toEqual(services);
  });

  it("removes the proxies that a stack has, and keeps them as configured", async () => {
    const { proxied, direct } = await withAndWithoutProxies("nginx-proxy", (name) => name);
    const drains = (objects: typeof proxied) =>
      ofKind(objects, "Deployment")
        .filter((deployment) => nameOf(deployment).endsWith("-proxy"))
        .map(({ spec }) => spec?.template.spec?.terminationGracePeriodSeconds);
    expect(drains(direct)).toEqual([]);
    expect(drains(proxied)).toEqual(drains(await renderStack("nginx-proxy")));
  });
});
