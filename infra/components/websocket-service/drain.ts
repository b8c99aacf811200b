import type * as pulumi from "@pulumi/pulumi";
import { closeSeconds, requiredGraceSeconds, resolveDrain, type Drain } from "../../timing";
import { checked, lift } from "../input";
import type { WebSocketServiceArgs } from "./args";

const defaultDrainSeconds = 30;

/**
 * The times of a pod's end, with defaults. Throws if the grace period is too short.
 *
 * @param where the component and its name, such as `WebSocketService chat`
 */
export function serviceDrain(
  where: string,
  args: Pick<WebSocketServiceArgs, "preStop" | "preStopSeconds" | "drainSeconds" | "gracePeriodSeconds">,
): pulumi.Input<Drain> {
  const { preStopSeconds, drainSeconds = defaultDrainSeconds, gracePeriodSeconds } = args;
  return lift([preStopSeconds, drainSeconds, gracePeriodSeconds] as const, (preStop, drain, grace) => {
    const input = {
      preStopSeconds: preStop,
      drainSeconds: drain,
      gracePeriodSeconds: grace,
    };
    const resolved = resolveDrain(args.preStop === "none" ? { ...input, preStopSeconds: 0 } : input, 0);
    return checkedGrace(where, resolved);
  });
}

function checkedGrace(where: string, drain: Drain): Drain {
  const required = requiredGraceSeconds(drain);
  return checked<Drain>(`${where}: gracePeriodSeconds`, drain, () =>
    drain.gracePeriodSeconds >= required
      ? undefined
      : `is ${drain.gracePeriodSeconds}, but preStop ${drain.preStopSeconds} s + drain ${drain.drainSeconds} s + ` +
        `close ${closeSeconds} s need ${required} s. Raise it to ${required} or shorten drainSeconds.`,
  ) as Drain;
}
