import { ConfigError, loadAppConfig } from "./config";
import { createLog } from "./log";
import { HoldfastServer } from "./server";
import { DurabilityError } from "./store/group-commit";

/** The process: environment in, signals handled, exit code out. Nothing else touches them. */
async function main(): Promise<void> {
  const config = loadAppConfig(process.env);
  const log = createLog(config);
  const server = new HoldfastServer(config, log);

  let ending = false;
  const end = (signal: NodeJS.Signals) => {
    if (ending) {
      log.warn({ signal }, "second signal: ending at once");
      process.exit(1);
    }
    ending = true;
    log.info({ signal }, "ending");
    server
      .drain()
      .then(() => server.stop())
      .then(
        () => process.exit(0),
        (error: unknown) => {
          log.fatal({ err: error }, "the drain failed");
          process.exit(1);
        },
      );
  };
  process.on("SIGTERM", end);
  process.on("SIGINT", end);
  await server.start();
}

main().catch((error: unknown) => {
  process.stderr.write(
    `${error instanceof ConfigError || error instanceof DurabilityError ? error.message : String((error as Error).stack)}\n`,
  );
  process.exit(1);
});
