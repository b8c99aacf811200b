import { z } from "zod";
import { object } from "../../../config/values";

export const noneSchema = object({ kind: z.literal("none") });

export type NoneConfig = z.infer<typeof noneSchema>;
