import { connections } from "./connections";
import { drain } from "./drain";
import { messages } from "./messages";
import type { Row } from "./panel";
import { resources } from "./resources";
import { sessionStore } from "./session-store";

/** The rows of the dashboard, from top to bottom. */
export const rows: readonly Row[] = [connections, drain, messages, sessionStore, resources];
