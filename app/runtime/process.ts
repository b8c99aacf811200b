import type { Logger } from "pino";

/** What a process runs: it starts, moves its clients away, and releases what it has. */
export interface Runnable {
  /** From the signal to the end of the process, whatever its peers do. Milliseconds. */
  readonly endMs: number;
  start(): Promise<void>;
  drain(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * What a process has for its end behind the drain: half a second less than the 5 s that the grace period has left then, so
 * that it ends itself and its log says why, before SIGKILL. Milliseconds.
 */
export const closeBudgetMs = 4_500;

/**
 * A process's life: signals handled, exit code out. A first SIGTERM or SIGINT drains, a second ends at once.
 *
 * @param create reads the environment; where it throws, the message is all that is printed
 * @param isExpected errors of the start whose message says enough, without a stack
 */
export async function runProcess(
  create: () => { readonly server: Runnable; readonly log: Logger },
  isExpected: (error: unknown) => boolean = () => false,
): Promise<void> {
  try {
    const { server, log } = create();
    let ending = false;
    // The last lines say why it ends.
    const exit = (code: number) => log.flush(() => process.exit(code));
    const end = (signal: NodeJS.Signals) => {
      if (ending) {
        log.warn({ signal }, "second signal: ending at once");
        exit(1);
        return;
      }
      ending = true;
      log.info({ signal }, "ending");
      // Each step is bounded by itself. This is for what nobody has thought of.
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
