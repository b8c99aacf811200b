import { now } from "../process/clock";
import { Child } from "../process/child";
import { afterCrash, type CrashRecord, restartDelayMs } from "./back-off";
import type { Environment } from "./environment";
import { httpGet, httpGetOf } from "./http-get";
import { type Container, type Probe, UnsupportedManifestError } from "./manifest";
import { probeRepeatedly, type ProbeState, probeTimes } from "./probe";
import { type PreStop, preStopOf, terminate, type Termination } from "./termination";

/** The process that runs in place of an image. */
export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd?: string;
}

export interface PodArgs {
  readonly name: string;
  /** The pod's own loopback address. */
  readonly address: string;
  readonly labels: Readonly<Record<string, string>>;
  /** The revision of its template. */
  readonly revision: string;
  readonly container: Container;
  /** The whole environment, resolved. */
  readonly env: Environment;
  readonly command: Command;
  /** terminationGracePeriodSeconds in milliseconds, preStop included. */
  readonly graceMs: number;
  /** A file to which the process' output is appended; default: none. */
  readonly log?: string;
  /** Called after every change of phase or readiness. */
  readonly onChange: () => void;
}

/**
 * - `starting`: the process runs, its startup probe has not succeeded yet
 * - `running`: started; readiness is separate
 * - `waiting`: it crashed and is restarted after the back-off
 * - `terminating`: deleted; out of the endpoints, ending within its grace period
 * - `gone`: no process is left
 */
export type PodPhase = "starting" | "running" | "waiting" | "terminating" | "gone";

/** A time in which the pod was ready; open while `to` is undefined. Milliseconds since the epoch. */
export interface ServingSpan {
  readonly from: number;
  to: number | undefined;
}

/** One replica: a process that is managed by the kubelet's rules, with restartPolicy Always. */
export class Pod {
  readonly name: string;
  readonly address: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly revision: string;
  readonly createdAt = now();
  /** Container ports by name. */
  readonly ports: Readonly<Record<string, number>>;
  /** The times in which it was ready, oldest first. */
  readonly served: ServingSpan[] = [];
  /** How it ended; undefined until it was deleted and its process has ended. */
  termination: Termination | undefined;
  restarts = 0;
  readonly #args: PodArgs;
  readonly #preStop: PreStop;
  #child: Child | undefined;
  #phase: PodPhase = "starting";
  #crashes: CrashRecord = { crashes: 0 };
  #restartTimer: NodeJS.Timeout | undefined;
  #stopProbes: (() => void)[] = [];
  #deleted: Promise<void> | undefined;

  /** Starts the process at once. Throws if the manifest has an unknown kind of probe or hook. */
  constructor(args: PodArgs) {
    this.name = args.name;
    this.address = args.address;
    this.labels = args.labels;
    this.revision = args.revision;
    const ports = (args.container.ports ?? []).map(
      (port) => [port.name ?? String(port.containerPort), port.containerPort] as const,
    );
    this.ports = Object.fromEntries(ports);
    this.#args = args;
    this.#preStop = preStopOf(args.container.lifecycle, args.address, this.ports);
    this.#run();
  }

  get phase(): PodPhase {
    return this.#phase;
  }

  /** Since when it has been ready without interruption; undefined while it is not ready. */
  get readySince(): number | undefined {
    const last = this.served.at(-1);
    return last?.to === undefined ? last?.from : undefined;
  }

  /** The running process; undefined between a crash and the restart. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Sends a signal from outside, as a crash or the kernel would. The container is then restarted. */
  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  /**
   * Removes the pod from the endpoints at once; then come preStop, SIGTERM and, after the grace period, SIGKILL. With `force` it
   * is killed at once, as by `--grace-period=0 --force`, even if it is already terminating. Safe to call twice.
   */
  delete({ force = false } = {}): Promise<void> {
    this.#deleted ??= this.#end();
    if (force) this.#child?.kill("SIGKILL");
    return this.#deleted;
  }

  async #end(): Promise<void> {
    clearTimeout(this.#restartTimer);
    this.#haltProbes();
    const child = this.#child;
    this.#setPhase("terminating");
    if (child !== undefined) this.termination = await terminate(child, this.#preStop, this.#args.graceMs);
    this.#setPhase("gone");
  }

  #run(): void {
    const { command, env, log, container } = this.#args;
    const options = { env, ...(command.cwd && { cwd: command.cwd }), ...(log && { output: log }) };
    const child = new Child(command.file, command.args, options);
    const startedAt = now();
    this.#child = child;
    this.#setPhase("starting");
    void child.exited.then(() => this.#crashed(startedAt));
    if (container.startupProbe === undefined) this.#started();
    else this.#probe(container.startupProbe, (verdict) => this.#judgeStartup(verdict));
  }

  /** The kubelet starts the other probes, and uses readiness, only after the startup probe has succeeded. */
  #started(): void {
    this.#haltProbes();
    const { readinessProbe, livenessProbe } = this.#args.container;
    this.#setPhase("running");
    if (livenessProbe !== undefined) {
      this.#probe(livenessProbe, (verdict) => verdict === "failure" && this.#unhealthy());
    }
    if (readinessProbe === undefined) this.#setReady(true);
    else this.#probe(readinessProbe, (verdict) => this.#setReady(verdict === "success"));
  }

  #judgeStartup(verdict: ProbeState["verdict"]): void {
    if (verdict === "success") this.#started();
    if (verdict === "failure") this.#unhealthy();
  }

  /** A failed liveness or startup probe ends the container gracefully; its exit then restarts it. */
  #unhealthy(): void {
    this.#haltProbes();
    this.#setReady(false);
    if (this.#child !== undefined) void terminate(this.#child, this.#preStop, this.#args.graceMs);
  }

  #crashed(startedAt: number): void {
    this.#child = undefined;
    if (this.#deleted !== undefined) return;
    this.#haltProbes();
    this.#crashes = afterCrash(this.#crashes, now() - startedAt);
    this.#setPhase("waiting");
    this.#restartTimer = setTimeout(() => {
      this.restarts++;
      this.#run();
    }, restartDelayMs(this.#crashes));
  }

  /** The only place where the phase changes. Only a running pod is ready. */
  #setPhase(phase: PodPhase): void {
    this.#phase = phase;
    if (phase !== "running") this.#setReady(false);
    this.#args.onChange();
  }

  #setReady(ready: boolean): void {
    if (ready === (this.readySince !== undefined)) return;
    const last = this.served.at(-1);
    if (ready) this.served.push({ from: now(), to: undefined });
    else if (last !== undefined) last.to = now();
    this.#args.onChange();
  }

  #probe(probe: Probe, onVerdict: (verdict: ProbeState["verdict"]) => void): void {
    if (probe.httpGet === undefined) {
      throw new UnsupportedManifestError(
        `pod ${this.name}: a probe has no httpGet; the local runner supports no other`,
      );
    }
    const target = httpGetOf(probe.httpGet, this.address, this.ports);
    const times = probeTimes(probe);
    this.#stopProbes.push(probeRepeatedly(times, () => httpGet(target, times.timeoutMs), onVerdict));
  }

  #haltProbes(): void {
    for (const stop of this.#stopProbes.splice(0)) stop();
  }
}
