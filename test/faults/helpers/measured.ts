import { appendFileSync } from "node:fs";

/** The file for figures, one JSON line each; set by `npm run test:soak`. */
const file = process.env.HOLDFAST_FAULT_FIGURES;

/** Whether the long faults run too: in `npm run test:soak`, but not in every test run. */
export const soaking = process.env.HOLDFAST_SOAK === "1";

export interface Figure {
  readonly fault: string;
  readonly what: string;
  readonly value: number;
}

/** Stores a figure for the table of `npm run test:soak`. Limits of a test are ordinary expectations. */
export function measured(fault: string, what: string, value: number): void {
  const figure: Figure = { fault, what, value };
  if (file !== undefined) appendFileSync(file, `${JSON.stringify(figure)}\n`);
}
