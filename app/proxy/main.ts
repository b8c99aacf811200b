import { runProcess } from "../runtime/process";
import { ConfigError } from "../server/config";
import { createLog } from "../server/log";
import { loadProxyConfig } from "./config";
import { ConnectionProxy } from "./proxy";

/** The process of the proxy. */
void runProcess(
  () => {
    const config = loadProxyConfig(process.env);
    const log = createLog(config);
    return { server: new ConnectionProxy(config, log), log };
  },
  (error) => error instanceof ConfigError,
);
