import { ConfigError } from "../server/config";
import { createLog } from "../server/log";
import { runProcess } from "../server/process";
import { loadHolderConfig } from "./config";
import { Holder } from "./holder";

/** The holder's process. */
void runProcess(
  () => {
    const config = loadHolderConfig(process.env);
    const log = createLog(config);
    return { server: new Holder(config, log), log };
  },
  (error) => error instanceof ConfigError,
);
