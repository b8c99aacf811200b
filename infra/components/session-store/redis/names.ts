import { selectorLabels, workloadLabels } from "../../../labels";

/** The names of a store's objects in its namespace. */
export interface Names {
  readonly workload: string;
  readonly headless: string;
}

export function namesOf(workload: string): Names {
  return { workload, headless: `${workload}-headless` };
}

/** The names of a stack's store. */
export const redisNames = namesOf("redis");

export const labelsOf = ({ workload }: Names) => workloadLabels(workload, "session-store");
export const selectorOf = ({ workload }: Names) => selectorLabels(workload);
