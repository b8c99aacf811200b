// Loaded into a pod by NODE_OPTIONS=--require: what befalls it at SIGUSR2, as FAULT says.
const fault = process.env.FAULT ?? "";

/** The time of day jumps, as by a wrong NTP server; the monotonic clock goes on, as it does then. */
function jump(byMs) {
  const RealDate = Date;
  const now = () => RealDate.now() + byMs;
  globalThis.Date = class extends RealDate {
    constructor(...args) {
      super(...(args.length === 0 ? [now()] : args));
    }
    static now() {
      return now();
    }
  };
  process.stdout.write(`the clock jumped to ${new Date().toISOString()}\n`);
}

/** The heap runs full, a little each turn, so that the pod serves until it stalls and dies. */
function leak() {
  const kept = [];
  const more = () => {
    kept.push(Array.from({ length: 100_000 }, (_, index) => ({ index })));
    setImmediate(more);
  };
  more();
}

process.on("SIGUSR2", () => {
  const [what, value] = fault.split("=");
  if (what === "clock") jump(Number(value));
  else if (what === "memory") leak();
  else throw new Error(`FAULT must be clock=<ms> or memory, found ${fault}`);
});
