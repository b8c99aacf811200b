import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { decodeJwt, type JWTPayload } from "jose";
import { type Options, tokenVariable, UsageError } from "./options";

/** What clients present, and how to have it anew before it expires. */
export interface Tokens {
  /** JWTs; none where the stack asks for none. */
  readonly list: readonly string[];
  /**
   * Fresh ones for the same users, in the same order. Rejects with a {@link TokenCommandError}. Undefined where tokens
   * are given once and for all.
   */
  readonly renew?: () => Promise<readonly string[]>;
}

/** The token command gives no tokens that would do; the message says why, and nothing of what it printed. */
class TokenCommandError extends Error {
  readonly code = "HOLDFAST_TOKEN_COMMAND";
}

/** A command's tokens must be good for this long: time enough to connect, and to ask for the next. Seconds. */
const leastLifeSeconds = 30;

/** How long the command may take. Milliseconds. */
const commandLimitMs = 60_000;

/**
 * The tokens that clients present: what the command prints, else those of the file, else of the environment. Throws
 * {@link UsageError} where the stack asks for one and none is there, or where one is none or ends before the rehearsal
 * may. Says nothing of their content.
 *
 * @param auth how the stack authenticates
 * @param seconds how long tokens must be good for that cannot be had anew
 */
export async function readTokens(
  { tokenFile, tokenCommand }: Pick<Options, "tokenFile" | "tokenCommand">,
  env: NodeJS.ProcessEnv,
  auth: string,
  seconds: number,
): Promise<Tokens> {
  if (auth === "anonymous") return { list: [] };
  if (tokenCommand !== undefined) return fromCommand(tokenCommand);
  const from = tokenFile ?? tokenVariable;
  const list = split(tokenFile === undefined ? (env[tokenVariable] ?? "") : await readTokenFile(tokenFile));
  if (list.length === 0) {
    throw new UsageError(
      `the stack authenticates by ${auth}, but you gave no token. Give a command that prints one or more JWTs of test ` +
        `users with --token-command, or put them into a file for --token-file, or into ${tokenVariable}. They must be ` +
        "allowed to join and publish in rooms that begin with rehearsal-",
    );
  }
  for (const [index, token] of list.entries()) {
    const complaint = complaintOf(token, `token ${index + 1} of ${from}`, seconds, "the rehearsal may take");
    if (complaint !== undefined) throw new UsageError(complaint);
  }
  return { list };
}

async function readTokenFile(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    throw new UsageError(`--token-file: ${file} cannot be read: ${(cause as Error).message}`, { cause });
  }
}

async function fromCommand(command: string): Promise<Tokens> {
  // The first time it may ask the person something; later there is a progress display that it must not disturb.
  const list = await run(command, "inherit");
  const users = list.map(userOf);
  return {
    list,
    renew: async () => {
      const fresh = await run(command, "ignore");
      if (fresh.map(userOf).join("\n") === users.join("\n")) return fresh;
      // A session is its user's: another one could not resume it, and the verdict would blame the stack.
      throw new TokenCommandError(
        "the token command printed tokens of other users than the first time, or in another order; it must print the same users in the same order",
      );
    },
  };
}

async function run(command: string, person: "inherit" | "ignore"): Promise<readonly string[]> {
  const child = spawn(command, {
    shell: true,
    stdio: [person, "pipe", person],
    timeout: commandLimitMs,
  });
  const [output, [code, signal]] = await Promise.all([
    text(child.stdout),
    once(child, "close") as Promise<[number | null, NodeJS.Signals | null]>,
  ]);
  if (signal !== null) throw new TokenCommandError(`the token command was ended by ${signal}`);
  if (code !== 0) throw new TokenCommandError(`the token command ended with exit code ${code}`);
  const list = split(output);
  if (list.length === 0) throw new TokenCommandError("the token command printed nothing");
  for (const [index, token] of list.entries()) {
    const which = `token ${index + 1} of the token command`;
    const complaint = complaintOf(token, which, leastLifeSeconds, "it must be valid for at least");
    if (complaint !== undefined) throw new TokenCommandError(complaint);
  }
  return list;
}

/** When the first of some tokens expires. Milliseconds since the epoch; undefined where none does. */
export function expiryOf(tokens: readonly string[]): number | undefined {
  const times = tokens.flatMap((token) => decodeJwt(token).exp ?? []);
  return times.length === 0 ? undefined : Math.min(...times) * 1_000;
}

function userOf(token: string): string {
  return decodeJwt(token).sub ?? "";
}

function split(text: string): string[] {
  return text.split(/\s+/).filter((token) => token !== "");
}

function complaintOf(token: string, which: string, seconds: number, need: string): string | undefined {
  let claims: JWTPayload;
  try {
    claims = decodeJwt(token);
  } catch {
    return `${which} is no JWT`; // the cause would quote it
  }
  const left = (claims.exp ?? Infinity) - Date.now() / 1_000;
  if (left >= seconds) return undefined;
  const state = left <= 0 ? "has expired" : `expires in ${Math.floor(left)} s`;
  return `${which} ${state}; ${need} ${seconds} s`;
}
