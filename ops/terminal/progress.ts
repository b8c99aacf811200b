import { Listr, ListrLogger, type ListrLogLevels, type ListrTask, ProcessOutput } from "listr2";

/** One step that a person sees while it runs. */
export interface Step {
  readonly title: string;
  readonly run: (report: (what: string) => void) => Promise<void>;
}

/**
 * Runs the steps, one after the other or at the same time, and shows them on standard error: standard output is
 * for the result alone. Rejects with the first failure.
 */
export async function showProgress(steps: readonly Step[], { concurrent = false } = {}): Promise<void> {
  const logger = () =>
    new ListrLogger<ListrLogLevels>({ processOutput: new ProcessOutput(process.stderr, process.stderr) });
  const tasks = steps.map(({ title, run }): ListrTask => ({
    title,
    task: (_context, task) => run((what) => (task.output = what)),
  }));
  await new Listr(tasks, {
    concurrent,
    exitOnError: true,
    // Signals are ours: children must be gone before the process is.
    registerSignalListeners: false,
    fallbackRendererCondition: () => !process.stderr.isTTY,
    rendererOptions: { logger: logger() },
    fallbackRenderer: "simple",
    fallbackRendererOptions: { logger: logger() },
  }).run();
}
