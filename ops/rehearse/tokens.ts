import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { decodeJwt, type JWTPayload } from "jose";
import { type Options, tokenVariable, UsageError } from "./options";

/** The clients' tokens, and how to renew them before they expire. */
export interface Tokens {
  /** JWTs; empty if the stack requires none. */
  readonly list: readonly string[];
  /**
   * Returns new tokens for the same users, in the same order. Rejects with a {@link TokenCommandError}. Undefined if the tokens
   * cannot be renewed.
   */
  readonly renew?: () => Promise<readonly string[]>;
}

/** The token command does not return usable tokens. The message says why, without anything that the command printed. */
class TokenCommandError extends Error {
  readonly code = "HOLDFAST_TOKEN_COMMAND";
}

/** The shortest remaining life of a command's tokens: long enough to connect and to renew them. Seconds. */
const minLifeSeconds = 30;

/** The longest run of the command. Milliseconds. */
const commandLimitMs = 60_000;

/**
 * The clients' tokens: from the command, else from the file, else from the environment. Throws {@link UsageError} if the stack
 * requires a token and there is none, or if one is malformed or expires before the rehearsal ends. Messages contain nothing of
 * the tokens.
 *
 * @param auth how the stack authenticates clients
 * @param seconds how long tokens that cannot be renewed must be valid
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
    const issue = tokenIssue(token, `token ${index + 1} of ${from}`, seconds, "the rehearsal may take");
    if (issue !== undefined) throw new UsageError(issue);
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
  // On its first run the command may ask the user something. On later runs that would disturb the progress display.
  const list = await run(command, "inherit");
  const users = list.map(userOf);
  return {
    list,
    renew: async () => {
      const fresh = await run(command, "ignore");
      if (fresh.map(userOf).join("\n") === users.join("\n")) return fresh;
      // A session belongs to its user: another user could not resume it, and the verdict would blame the stack.
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
    const issue = tokenIssue(token, which, minLifeSeconds, "it must be valid for at least");
    if (issue !== undefined) throw new TokenCommandError(issue);
  }
  return list;
}

/** When the first of these tokens expires. Milliseconds since the epoch; undefined if none does. */
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

function tokenIssue(token: string, which: string, seconds: number, need: string): string | undefined {
  let claims: JWTPayload;
  try {
    claims = decodeJwt(token);
  } catch {
    return `${which} is no JWT`; // the cause would quote the token
  }
  const left = (claims.exp ?? Infinity) - Date.now() / 1_000;
  if (left >= seconds) return undefined;
  const state = left <= 0 ? "has expired" : `expires in ${Math.floor(left)} s`;
  return `${which} ${state}; ${need} ${seconds} s`;
}
