import { fail, ok } from "../../../ops/doctor/finding";
import { makeReport, reportText } from "../../../ops/doctor/report";

const command =
  `kubectl -n nova annotate --overwrite ingress nova-ingress-messaging-service ${"key=value ".repeat(4)}`.trim();
const about = { stack: "staging", namespace: "nova", context: "test", kubernetes: "1.34" };
const report = makeReport(about, [
  {
    check: "deployed",
    title: "All objects of the stack exist and are ready",
    findings: [ok("a", "b", "c")],
  },
  {
    check: "ingress-affinity",
    title: "Ingresses set a cookie that keeps a client on its pod, whatever becomes of the others",
    findings: [
      fail("Ingress nova-ingress-messaging-service", {
        what: "the Ingress sets no affinity",
        evidence: "nginx.ingress.kubernetes.io/affinity: absent",
        why: "an L7 controller connects directly to pods and ignores the Service's ClientIP: each reconnect reaches a random pod",
        fix: command,
      }),
    ],
  },
  { check: "autoscaler", title: "Autoscalers count sockets", findings: [] },
]);

it("fits the terminal, but keeps a command on one line for copying", () => {
  const lines = reportText(report, { colours: false, all: false, columns: 80 }).split("\n");
  expect(lines.filter((line) => line.length > 80)).toEqual([`        fix   ${command}`]);
  expect(lines).toContain("-     autoscaler        Autoscalers count sockets (does not apply here)");
  expect(lines).toContain("        why   an L7 controller connects directly to pods and ignores the");
  expect(lines).toContain("              Service's ClientIP: each reconnect reaches a random pod");
});

it("wraps no line without a terminal", () => {
  const text = reportText(report, { colours: false, all: false });
  expect(text).toContain(
    "why   an L7 controller connects directly to pods and ignores the Service's ClientIP: each",
  );
  expect(text).toContain("3 checks: 1 ok, 0 warnings, 1 failures, 0 unknown");
});
