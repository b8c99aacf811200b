import type { TrialReport, PodReport } from "../report";

/**
 * A colour for each pod: pods from before the fault have one group of colours, pods that came with it have another, so that a
 * rollout shows as one group replacing the other.
 */
export function palette({ window }: TrialReport, pods: readonly PodReport[]): ReadonlyMap<string, string> {
  const families = [
    { hue: 258, members: pods.filter(({ createdAt }) => createdAt < window.from) },
    { hue: 168, members: pods.filter(({ createdAt }) => createdAt >= window.from) },
  ];
  return new Map(
    families.flatMap(({ hue, members }) =>
      members.map(({ name }, index): [string, string] => {
        // Neighbours must differ: the lightness goes from 0.5 to 0.8, and the hue varies a little.
        const share = members.length === 1 ? 0.5 : index / (members.length - 1);
        const lightness = (0.5 + 0.3 * share).toFixed(3);
        return [name, `oklch(${lightness} 0.13 ${hue + (index % 2 === 0 ? -12 : 12)})`];
      }),
    ),
  );
}
