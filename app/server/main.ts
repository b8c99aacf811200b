import { runProcess } from "../runtime/process";
import { ConfigError, loadAppConfig } from "./config";
import { createLog } from "./log";
import { HoldfastServer } from "./server";
import { DurabilityError } from "./store/group-commit";

/** The process of the server. */
void runProcess(
  () => {
    const config = loadAppConfig(process.env);
    const log = createLog(config);
    return { server: new HoldfastServer(config, log), log };
  },
  (error) => error instanceof ConfigError || error instanceof DurabilityError,
);
