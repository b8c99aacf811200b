import type { ComparedClientPool } from "./compared-client-pool";

/** How often the state of the clients is reported. Milliseconds. */
const progressMs = 1_000;

/** Reports the state of the clients until the returned function is called. */
export function reportProgress(pool: ComparedClientPool, report: (what: string) => void): () => void {
  // Without a terminal, each line would stay on the screen.
  if (!process.stderr.isTTY) return () => undefined;
  const timer = setInterval(() => {
    pool.progress().then(
      ({ published, outstanding, served }) => {
        // The last part of a name distinguishes the pods of a workload; whole names are too long for the line.
        const pods = Object.entries(served).map(([pod, count]) => `${pod.replace(/^.*-/, "")} ${count}`);
        report(`${published} sent, ${outstanding} on their way · ${pods.join(" ")}`);
      },
      () => undefined, // the measurement itself reports an error of the clients
    );
  }, progressMs);
  return () => clearInterval(timer);
}
