import { z } from "zod";

const schema = z.object({
  id: z.string(),
  /** When it was published; milliseconds since the epoch. */
  at: z.number(),
});

/** The payload of the load's messages: enough to detect loss, duplicates, wrong order and delay. */
export type Payload = z.infer<typeof schema>;

export function encodePayload(payload: Payload): string {
  return JSON.stringify(payload);
}

/** Undefined for data that the load did not send: another client's text, an error line. */
export function decodePayload(data: unknown): Payload | undefined {
  if (typeof data !== "string") return undefined;
  try {
    return schema.safeParse(JSON.parse(data)).data;
  } catch {
    return undefined;
  }
}
