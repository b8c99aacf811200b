import { Screen, type Terminal } from "../../../ops/status/screen";
import type { PodStatus, ServiceStatus, Status } from "../../../ops/status/status";
import { viewOf } from "../../../ops/status/view";

const pod = (name: string, more: Partial<PodStatus> = {}): PodStatus => ({
  name: `messaging-service-967d6cff8-${name}`,
  node: "node-1",
  phase: "serving",
  sockets: 40,
  ageSeconds: 3_600,
  drain: undefined,
  ...more,
});
const moving = pod("dddd4", {
  phase: "moving clients",
  sockets: 4,
  drain: { elapsedSeconds: 10, graceLeftSeconds: 35, clients: 10 },
});
const service = (pods: readonly PodStatus[], more: Partial<ServiceStatus> = {}): ServiceStatus => ({
  ...{
    name: "messaging-service",
    wanted: 3,
    ready: 3,
    updated: 3,
    sockets: 124,
    skew: undefined,
    rates: undefined,
  },
  pods,
  ...more,
});
const status = (...services: readonly ServiceStatus[]): Status => ({
  at: "2026-11-25T10:00:00.000Z",
  sockets: 124,
  services,
});
const view = (of: Status, size: { columns?: number; rows?: number } = {}) =>
  viewOf(of, { stack: "s", namespace: "n", context: "c", colours: false, ...size }).split("\n");

const rollout = status(
  service(
    [
      pod("aaaa1"),
      pod("bbbb2", { sockets: 80 }),
      pod("cccc3", { phase: "starting", sockets: undefined }),
      moving,
    ],
    {
      updated: 1,
      skew: 80 / 60,
      rates: { opened: 12.4, returned: 3, closed: 0 },
    },
  ),
);

it("shows everything if there is room", () => {
  expect(view(rollout)).toEqual([
    "124 sockets at 10:00:00 UTC",
    "stack s in namespace n of c",
    "",
    "messaging-service: 3 of 3 ready, 124 sockets; skew 1.33; 12 opened/s (3.0 came back), 0 closed/s; rollout: 1 of 3 are new; 1 drain under way",
    "pod                                node    state           sockets                               age  its end",
    "messaging-service-967d6cff8-aaaa1  node-1  serving              40  ████████████              60 min",
    "messaging-service-967d6cff8-bbbb2  node-1  serving              80  ████████████████████████  60 min",
    "messaging-service-967d6cff8-cccc3  node-1  starting                                           60 min",
    "messaging-service-967d6cff8-dddd4  node-1  moving clients        4  █                         60 min  6 of 10 moved, 10 s gone, 35 s left",
  ]);
});

it("keeps to 80 columns", () => {
  expect(view(rollout, { columns: 80 })).toEqual([
    "124 sockets at 10:00:00 UTC",
    "stack s in namespace n of c",
    "",
    "messaging-service: 3 of 3 ready, 124 sockets; skew 1.33",
    "  12 opened/s (3.0 came back), 0 closed/s; rollout: 1 of 3 are new",
    "  1 drain under way",
    "pod              node    state      sockets             age  moved, left",
    "967d6cff8-aaaa1  node-1  serving         40  ███     60 min",
    "967d6cff8-bbbb2  node-1  serving         80  ██████  60 min",
    "967d6cff8-cccc3  node-1  starting                    60 min",
    "967d6cff8-dddd4  node-1  moving           4          60 min  6/10, 35 s left",
  ]);
});

it.each([40, 60, 80, 100, 120, 200])("is never wider than %i columns, whatever the names", (columns) => {
  const node = "ip-10-20-64-17.eu-central-1.compute.internal";
  const wide = status(service([pod("aaaa1", { node }), { ...moving, node }]));
  const lines = viewOf(wide, {
    ...{ stack: "s", namespace: "n", colours: false, columns },
    context: "arn:aws:eks:eu-central-1:123456789012:cluster/nova",
  }).split("\n");
  expect(lines.filter((line) => line.length > columns)).toEqual([]);
});

it("shows, if it is low, pods with activity before those that only serve", () => {
  const pods = ["a", "b", "c", "d", "e", "f"].map((letter) => pod(letter.repeat(5)));
  const lines = view(status(service([...pods, moving])), { columns: 80, rows: 9 });
  expect(lines).toHaveLength(9);
  expect(lines.filter((line) => line.includes("moving"))).toHaveLength(1);
  expect(lines.at(-1)).toBe("  and 4 more with 160 sockets; a taller window shows them");
  expect(view(status(service(pods), service(pods)), { columns: 80, rows: 5 })).toHaveLength(5);
});

it("reports why a pod could not be asked, and never shows it as empty", () => {
  const silent = pod("aaaa1", { sockets: undefined, silent: "the API server forwards no port" });
  expect(view(status(service([silent]))).at(-1)).toMatch(
    /serving +\? .* 60 min {2}the API server forwards no port$/,
  );
});

it("shows a service that is not deployed", () => {
  expect(view(status(service([], { wanted: undefined })))).toContain("messaging-service: not deployed");
});

describe("Screen", () => {
  class FakeTerminal implements Terminal {
    columns = 20;
    rows = 3;
    written = "";
    readonly listeners = new Set<() => void>();
    write(text: string): void {
      this.written += text;
    }
    on(_event: "resize", listener: () => void): void {
      this.listeners.add(listener);
    }
    off(_event: "resize", listener: () => void): void {
      this.listeners.delete(listener);
    }
  }

  it("draws again when the terminal changes its size, and restores it at the end", () => {
    const terminal = new FakeTerminal();
    const screen = new Screen(terminal);
    screen.show(({ columns, rows }) => `${columns}x${rows}`);
    terminal.columns = 30;
    for (const listener of terminal.listeners) listener();
    screen.close();
    screen.close();
    expect(terminal.written).toBe(
      "\u001b[?1049h\u001b[?25l\u001b[H20x3\u001b[K\u001b[J\u001b[H30x3\u001b[K\u001b[J\u001b[?25h\u001b[?1049l",
    );
    expect(terminal.listeners.size).toBe(0);
  });

  it("never writes more lines than there are, nor a line feed after the last", () => {
    const terminal = new FakeTerminal();
    new Screen(terminal).show(() => "1\n2\n3\n4");
    expect(terminal.written).toMatch(/1\u001b\[K\r\n2\u001b\[K\r\n3\u001b\[K\u001b\[J$/);
  });
});
