import { startRedis } from "../../../ops/redis/server";
import { collectable } from "../helpers/collectable";
import { startBenchPod } from "../helpers/pod";
import type { Peer } from "./peer";

/**
 * One pod of Holdfast with its own redis-server, which writes an AOF as in the stacks.
 *
 * @param main the `main.js` of a build
 */
export function holdfastPeer(name: string, main: string): Peer {
  return {
    name,
    protocol: "holdfast",
    async serve() {
      const redis = await startRedis();
      try {
        const pod = await startBenchPod(main, "bench-0", redis.url, collectable);
        return {
          url: pod.url,
          pid: pod.pid,
          storePid: redis.pid,
          isCollectable: true,
          isFresh: true,
          async stop() {
            await pod.kill();
            await redis.stop();
          },
        };
      } catch (error) {
        await redis.stop();
        throw error;
      }
    },
  };
}
