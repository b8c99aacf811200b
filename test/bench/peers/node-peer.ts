import { join } from "node:path";
import { Child } from "../../../ops/process/child";
import { until } from "../../faults/helpers/until";
import { collectable } from "../helpers/collectable";
import type { Peer, ProtocolName } from "./peer";

/** A peer that is a Node.js program in this folder. The program writes its port to standard output. */
export function nodePeer(name: ProtocolName, file: string): Peer {
  return {
    name,
    protocol: name,
    async serve() {
      let log = "";
      const child = new Child(process.execPath, [...collectable, join(__dirname, file)], {
        env: { PATH: process.env.PATH ?? "" },
        output: (text) => (log = (log + text).slice(-4_000)),
      });
      const port = await until(
        () => {
          if (child.exit) throw new Error(`${name} ended at its start: ${log}`);
          return /^port (\d+)$/m.exec(log)?.[1];
        },
        () => `${name} server that serves; its log: ${log}`,
      );
      return {
        url: `ws://127.0.0.1:${port}`,
        pid: child.pid,
        isCollectable: true,
        isFresh: true,
        async stop() {
          child.kill("SIGKILL");
          await child.exited;
        },
      };
    },
  };
}
