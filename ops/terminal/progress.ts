import { Listr, ListrLogger, type ListrLogLevels, type ListrTask, ProcessOutput } from "listr2";

/** One step that is shown while it runs. */
export interface Step {
  readonly title: string;
  readonly run: (report: (what: string) => void) => Promise<void>;
}

/**
 * Runs the steps, one after the other or at the same time, and shows them on standard error, because standard output is only for
 * the result. Rejects with the first failure.
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
    // This program handles signals itself: its children must end before it does.
    registerSignalListeners: false,
    fallbackRendererCondition: () => !process.stderr.isTTY,
    rendererOptions: { logger: logger() },
    fallbackRenderer: "simple",
    fallbackRendererOptions: { logger: logger() },
  }).run();
}
