// A process with a child, which answers some calls.
import { Child } from "../../../ops/process/child";
import { serve } from "../../../ops/process/rpc";

const child = new Child("sleep", ["60"], { env: { PATH: process.env.PATH ?? "" } });

export interface Answers {
  pids(): Promise<readonly (number | undefined)[]>;
  add(a: number, b: number): Promise<number>;
  fail(): Promise<never>;
  exit(): Promise<never>;
}

const answers: Answers = {
  pids: () => Promise.resolve([process.pid, child.pid]),
  add: (a, b) => Promise.resolve(a + b),
  fail: () => Promise.reject(Object.assign(new Error("as asked"), { code: "HOLDFAST_TEST" })),
  exit: () => process.exit(0),
};

serve(answers, async () => {
  child.kill("SIGTERM");
  await child.exited;
});
