/**
 * A program for Node.js that kills every process of a container, given its id, and prints the time in milliseconds since the
 * epoch. It must run where it sees the processes of the container's node (`hostPID`), with the container's user. It runs outside
 * of the container because no process can kill the first one of its own container.
 */
export const killScript = `
const { readdirSync, readFileSync } = require("node:fs");
const isVictim = (pid) => {
  try { return readFileSync("/proc/" + pid + "/cgroup", "utf8").includes(process.argv[1]); } catch { return false; }
};
const victims = readdirSync("/proc").filter((name) => /^\\d+$/.test(name)).filter(isVictim);
if (victims.length === 0) throw new Error("no process of container " + process.argv[1] + " is on this node");
const at = performance.timeOrigin + performance.now();
for (const pid of victims) process.kill(Number(pid), "SIGKILL");
console.log(at);`;
