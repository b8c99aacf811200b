import { appendFileSync } from "node:fs";

/** Where figures go, a line of JSON each; set by `npm run test:soak`. */
const file = process.env.HOLDFAST_FAULT_FIGURES;

/** Whether the long faults are due as well: in `npm run test:soak`, not each time that the tests run. */
export const soaking = process.env.HOLDFAST_SOAK === "1";

export interface Figure {
  readonly fault: string;
  readonly what: string;
  readonly value: number;
}

/** Keeps a figure for the table of `npm run test:soak`; a test's own bounds are expectations as everywhere. */
export function measured(fault: string, what: string, value: number): void {
  const figure: Figure = { fault, what, value };
  if (file !== undefined) appendFileSync(file, `${JSON.stringify(figure)}\n`);
}
