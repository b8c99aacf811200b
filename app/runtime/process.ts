import type { Logger } from "pino";

/** What a process runs: it starts, moves its clients away, and releases its resources. */
export interface Runnable {
  /** The longest time from the signal to the end of the process, whatever its peers do. Milliseconds. */
  readonly endMs: number;
  start(): Promise<void>;
  drain(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * The time that a process has after the drain: half a second less than the 5 s that are left of the grace period. The process
 * then ends by itself before SIGKILL, and its log says why. Milliseconds.
 */
export const closeBudgetMs = 4_500;

/**
 * Runs a process: handles signals and sets the exit code. The first SIGTERM or SIGINT drains, a second one ends at once.
 *
 * @param create reads the environment; if it throws, only the message is printed
 * @param isExpected whether an error of the start is explained by its message, so that no stack is printed
 */
export async function runProcess(
  create: () => { readonly server: Runnable; readonly log: Logger },
  isExpected: (error: unknown) => boolean = () => false,
): Promise<void> {
  try {
    const { server, log } = create();
    let ending = false;
    // The last lines say why the process ends.
    const exit = (code: number) => log.flush(() => process.exit(code));
    const end = (signal: NodeJS.Signals) => {
      if (ending) {
        log.warn({ signal }, "second signal: ending at once");
        exit(1);
        return;
      }
      ending = true;
      log.info({ signal }, "ending");
      // Each step has its own limit. This limit is for unexpected errors.
      setTimeout(() => {
        log.fatal({ ms: server.endMs }, "not ended in time: ending at once");
        exit(1);
      }, server.endMs);
      server
        .drain()
        .then(() => server.stop())
        .then(
          () => exit(0),
          (error: unknown) => {
            log.fatal({ err: error }, "the drain failed");
            exit(1);
          },
        );
    };
    process.on("SIGTERM", end);
    process.on("SIGINT", end);
    await server.start();
  } catch (error) {
    process.stderr.write(
      `${isExpected(error) ? (error as Error).message : String((error as Error).stack)}\n`,
    );
    process.exit(1);
  }
}
