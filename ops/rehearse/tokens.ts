import { readFile } from "node:fs/promises";
import { decodeJwt, type JWTPayload } from "jose";
import { type Options, tokenVariable, UsageError } from "./options";

/**
 * The tokens that clients present: of the file, else of the environment. Throws {@link UsageError} where the stack asks
 * for one and none is there, or where one is none or ends before the rehearsal may. Says nothing of their content.
 *
 * @param auth how the stack authenticates
 * @param seconds how long they must be good for
 */
export async function readTokens(
  { tokenFile }: Pick<Options, "tokenFile">,
  env: NodeJS.ProcessEnv,
  auth: string,
  seconds: number,
): Promise<readonly string[]> {
  if (auth === "anonymous") return [];
  const from = tokenFile ?? tokenVariable;
  const text = tokenFile === undefined ? (env[tokenVariable] ?? "") : await readTokenFile(tokenFile);
  const tokens = text.split(/\s+/).filter((token) => token !== "");
  if (tokens.length === 0) {
    throw new UsageError(
      `the stack authenticates by ${auth}, and there is no token: put one or more JWTs of test users into a file for ` +
        `--token-file, or into ${tokenVariable}. They must be allowed to join and publish in rooms that begin with rehearsal-`,
    );
  }
  for (const [index, token] of tokens.entries()) expectGood(token, `token ${index + 1} of ${from}`, seconds);
  return tokens;
}

async function readTokenFile(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    throw new UsageError(`--token-file: ${file} cannot be read: ${(cause as Error).message}`, { cause });
  }
}

function expectGood(token: string, which: string, seconds: number): void {
  let claims: JWTPayload;
  try {
    claims = decodeJwt(token);
  } catch (cause) {
    throw new UsageError(`${which} is no JWT`, { cause });
  }
  const left = (claims.exp ?? Infinity) - Date.now() / 1_000;
  if (left < seconds) {
    const state = left <= 0 ? "has expired" : `expires in ${Math.floor(left)} s`;
    throw new UsageError(`${which} ${state}; the rehearsal may take ${seconds} s`);
  }
}
