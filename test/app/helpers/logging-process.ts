import { createLog } from "../../../app/server/log";
import { runProcess } from "../../../app/runtime/process";

const log = createLog({ LOG_LEVEL: "info", SERVICE_NAME: "logging", POD_NAME: "pod-1" });
const text = "x".repeat(1_000);
let timer: NodeJS.Timeout | undefined;

void runProcess(() => ({
  log,
  server: {
    endMs: 10_000,
    start: () => {
      for (let i = 0; i < Number(process.argv[2]); i += 1) log.info({ text }, "line");
      timer = setInterval(() => log.info("idle"), 1_000);
      process.stderr.write("serving");
      return Promise.resolve();
    },
    drain: () => Promise.resolve(),
    stop: () => {
      clearInterval(timer);
      log.info("stopped");
      return Promise.resolve();
    },
  },
}));
