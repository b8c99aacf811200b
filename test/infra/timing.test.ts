import {
  resolveDrain,
  readinessFailures,
  requiredGraceSeconds,
  rolloutSeconds,
  rolloutTimeoutSeconds,
  surgeFor,
  timingIssues,
  type Times,
} from "../../infra/timing";

const lawful: Times = {
  drain: { preStopSeconds: 10, drainSeconds: 30, gracePeriodSeconds: 45 },
  ping: { path: "sockets.pingIntervalSeconds", seconds: 25 },
  sessionTtl: { path: "session.ttlSeconds", seconds: 3_600 },
  idleTimeouts: [{ path: "edge.timeoutSeconds", seconds: 3_600 }],
  affinityAges: [{ path: "affinity.clientIpTimeoutSeconds", seconds: 10_800 }],
  propagationSeconds: 0,
};

describe("requiredGraceSeconds", () => {
  test.each([
    { preStopSeconds: 10, drainSeconds: 30, required: 45 },
    { preStopSeconds: 120, drainSeconds: 40, required: 165 },
    { preStopSeconds: 0, drainSeconds: 0, required: 5 },
  ])("is $required s for preStop $preStopSeconds s and drain $drainSeconds s", ({ required, ...drain }) => {
    expect(requiredGraceSeconds(drain)).toBe(required);
  });
});

describe("timingIssues", () => {
  test("finds nothing in times that fit together exactly", () => {
    expect(timingIssues(lawful)).toEqual([]);
  });

  test("rejects a grace period shorter than its parts", () => {
    const drain = { preStopSeconds: 10, drainSeconds: 25, gracePeriodSeconds: 39 };
    expect(timingIssues({ ...lawful, drain })).toEqual([
      {
        path: "drain.gracePeriodSeconds",
        actual: "39",
        expected: "at least 40 (preStop 10 s + drain 25 s + close 5 s)",
        fix: "Raise it to 40 or shorten drain.drainSeconds.",
      },
    ]);
  });

  test.each([
    {
      name: "a preStop shorter than propagation",
      change: { propagationSeconds: 120 },
      path: "drain.preStopSeconds",
    },
    {
      name: "a ping interval as long as an idle timeout",
      change: { idleTimeouts: [{ path: "edge.timeoutSeconds", seconds: 25 }] },
      path: "sockets.pingIntervalSeconds",
    },
    {
      name: "an affinity that forgets a client before its session",
      change: { affinityAges: [{ path: "affinity.cookieMaxAgeSeconds", seconds: 3_599 }] },
      path: "affinity.cookieMaxAgeSeconds",
    },
  ])("rejects $name", ({ change, path }) => {
    expect(timingIssues({ ...lawful, ...change }).map((fault) => fault.path)).toEqual([path]);
  });

  test("allows a ping a second shorter than the idle timeout, and an age as long as the session", () => {
    const idleTimeouts = [{ path: "edge.timeoutSeconds", seconds: 26 }];
    const affinityAges = [{ path: "affinity.cookieMaxAgeSeconds", seconds: 3_600 }];
    expect(timingIssues({ ...lawful, idleTimeouts, affinityAges })).toEqual([]);
  });

  test("reports every violation at once", () => {
    const faults = timingIssues({
      ...lawful,
      drain: { preStopSeconds: 10, drainSeconds: 30, gracePeriodSeconds: 30 },
      propagationSeconds: 120,
      idleTimeouts: [
        { path: "a", seconds: 10 },
        { path: "b", seconds: 20 },
      ],
    });
    expect(faults).toHaveLength(4);
  });
});

describe("rolloutTimeoutSeconds", () => {
  test("allows each pod its start and minReadySeconds, and one more for the image", () => {
    expect(rolloutTimeoutSeconds(3, { minReadySeconds: 10, registrationSeconds: 0 })).toBe(280);
  });

  test("allows each pod the time of its startup probe, if that is longer", () => {
    const times = { minReadySeconds: 10, registrationSeconds: 0 };
    expect(rolloutTimeoutSeconds(3, { ...times, podStartupSeconds: 300 })).toBe(1_240);
    expect(rolloutTimeoutSeconds(3, { ...times, podStartupSeconds: 5 })).toBe(280);
  });

  test("waits until a load balancer has added each pod, if readiness does", () => {
    expect(rolloutTimeoutSeconds(3, { minReadySeconds: 10, registrationSeconds: 180 })).toBe(1_000);
  });
});

const rollout = { replicas: 30, startupSeconds: 60, minReadySeconds: 10 };

describe("rolloutSeconds", () => {
  test.each([
    { surge: 1, seconds: 30 * 70 },
    { surge: 4, seconds: 8 * 70 },
    { surge: 30, seconds: 70 },
  ])("is $seconds for 30 pods, $surge at a time: one step after the other", ({ surge, seconds }) => {
    expect(rolloutSeconds({ ...rollout, surge })).toBe(seconds);
  });
});

describe("surgeFor", () => {
  test.each([900, 400, 70])("is the smallest surge with which a rollout takes at most %i s", (limit) => {
    const surge = surgeFor(limit, rollout) ?? NaN;
    expect(rolloutSeconds({ ...rollout, surge })).toBeLessThanOrEqual(limit);
    expect(rolloutSeconds({ ...rollout, surge: surge - 1 })).toBeGreaterThan(limit);
  });

  test("is undefined if one step takes longer than the limit", () => {
    expect(surgeFor(69, rollout)).toBeUndefined();
  });
});

describe("resolveDrain", () => {
  test.each([
    { input: { drainSeconds: 30 }, propagation: 0, preStopSeconds: 10, gracePeriodSeconds: 45 },
    { input: { drainSeconds: 30 }, propagation: 120, preStopSeconds: 120, gracePeriodSeconds: 155 },
    { input: { drainSeconds: 60 }, propagation: 0, preStopSeconds: 10, gracePeriodSeconds: 75 },
  ])(
    "resolves to $gracePeriodSeconds s for $input and $propagation s of propagation",
    ({ input, propagation, ...rest }) => {
      const drain = resolveDrain(input, propagation);
      expect(drain).toEqual({ ...input, ...rest });
      expect(timingIssues({ ...lawful, drain, propagationSeconds: propagation })).toEqual([]);
    },
  );

  test("keeps configured times for the timing constraints to check", () => {
    const input = { preStopSeconds: 10, drainSeconds: 30, gracePeriodSeconds: 45 };
    const drain = resolveDrain(input, 120);
    expect(drain).toEqual(input);
    expect(timingIssues({ ...lawful, drain, propagationSeconds: 120 }).map(({ path }) => path)).toEqual([
      "drain.preStopSeconds",
    ]);
  });
});

describe("readinessFailures", () => {
  test.each([
    {
      title: "one where a router may use the pod again at once",
      targets: false,
      preStopSeconds: 120,
      failures: 1,
    },
    {
      title: "three where the pod is a load balancer's target",
      targets: true,
      preStopSeconds: 120,
      failures: 3,
    },
    { title: "no more than end before SIGTERM", targets: true, preStopSeconds: 5, failures: 2 },
    { title: "one at least", targets: true, preStopSeconds: 0, failures: 1 },
  ])("allows $title", ({ targets, preStopSeconds, failures }) => {
    expect(readinessFailures(targets, { preStopSeconds })).toBe(failures);
  });
});
