import { sessionKey } from "../../app/server/store/keys";
import { Wire } from "../app/helpers/wire";
import { residentMiB, startLoadedSystem, type LoadedSystem } from "./helpers/loaded-system";
import { measured, soaking } from "./helpers/measured";

/** The number of visits, and how many take place at the same time. */
const visits = soaking ? 10_000 : 2_000;
const together = 40;
/** How much a pod's process may grow after the first fifth of the visits: its heap varies, but it must not keep visitors. MiB. */
const growthMiB = 64;

describe(`${visits} clients that come and leave, under load on two pods`, () => {
  let loadedSystem: LoadedSystem | undefined;
  afterAll(() => loadedSystem?.stop());

  it("leave nothing, neither in the pods nor in Redis, and other clients do not notice", async () => {
    const { pods, admin } = (loadedSystem = await startLoadedSystem({ names: ["pod-a", "pod-b"] }));
    const urls = pods.pods.map(({ url }) => `${url}/chat/alpha`);

    let begun = 0;
    const visit = async (until: number) => {
      while (begun < until) {
        const wire = new Wire(urls[begun++ % urls.length] ?? "");
        await wire.hello({ rooms: [{ room: "alpha" }] });
        await wire.sync("alpha");
        wire.close();
        await wire.closed;
      }
    };
    const visitUntil = (count: number) => Promise.all(Array.from({ length: together }, () => visit(count)));
    await visitUntil(visits / 5);
    const before = pods.pods.map(residentMiB);
    await visitUntil(visits);
    const growth = pods.pods.map((pod, index) => residentMiB(pod) - (before[index] ?? 0));

    const fault = `${visits} connects and leaves`;
    expect(await pods.verdict(fault, { lossless: true })).toEqual([]);
    expect(pods.closes).toEqual([]);
    expect(await admin.keys(sessionKey("*"))).toHaveLength(pods.system.clients.length);
    measured(fault, "growth of a pod, MiB", Math.max(...growth));
    expect(Math.max(...growth)).toBeLessThan(growthMiB);
  }, 300_000);
});
