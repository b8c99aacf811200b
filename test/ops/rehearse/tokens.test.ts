import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { keepTokensValid } from "../../../ops/rehearse/token-renewal";
import { readTokens } from "../../../ops/rehearse/tokens";

const jwt = (claims: object) =>
  ["{}", JSON.stringify(claims), ""].map((part) => Buffer.from(part).toString("base64url")).join(".");
const inSeconds = (seconds: number) => Math.floor(Date.now() / 1_000) + seconds;

describe("readTokens", () => {
  const read = (token: string | undefined, auth = "jwt") =>
    readTokens({}, { HOLDFAST_REHEARSE_TOKEN: token }, auth, 300);

  it("needs none if the stack requires none", async () => {
    expect(await read(undefined, "anonymous")).toEqual({ list: [] });
  });

  it("takes several from the environment", async () => {
    const tokens = [jwt({ sub: "a" }), jwt({ sub: "b", exp: inSeconds(660) })];
    expect(await read(tokens.join("\n"))).toEqual({ list: tokens });
  });

  it.each([
    ["none", undefined, "HOLDFAST_REHEARSE_TOKEN"],
    ["what is no JWT", "sesame", "token 1 of HOLDFAST_REHEARSE_TOKEN is no JWT"],
    ["one that has expired", jwt({ exp: 1 }), "has expired"],
    ["one that expires on the way", jwt({ exp: inSeconds(60) }), "the rehearsal may take 300 s"],
  ])("reports what is missing, and nothing of the token, for %s", async (_title, token, words) => {
    const reading = read(token);
    await expect(reading).rejects.toMatchObject({ code: "HOLDFAST_USAGE" });
    await expect(reading).rejects.toThrow(words);
    if (token !== undefined) await expect(reading).rejects.not.toThrow(token);
  });
});

describe("the tokens of a command", () => {
  let directory: string;
  let file: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "holdfast-tokens-"));
    file = join(directory, "tokens");
  });
  afterEach(() => rm(directory, { recursive: true }));

  const read = (tokenCommand = `cat ${file}`) => readTokens({ tokenCommand }, {}, "jwt", 3_600);

  it("need not outlive the rehearsal, and are renewed for the same users", async () => {
    const [first, second] = [60, 120].map((life) => jwt({ sub: "ada", exp: inSeconds(life) }));
    await writeFile(file, `${first}\n`);
    const { list, renew } = await read();
    expect(list).toEqual([first]);
    await writeFile(file, `${second}\n`);
    expect(await renew?.()).toEqual([second]);
  });

  it("are not accepted for other users later, who could not resume", async () => {
    await writeFile(file, jwt({ sub: "ada" }));
    const { renew } = await read();
    await writeFile(file, jwt({ sub: "bob" }));
    await expect(renew?.()).rejects.toThrow("tokens of other users");
  });

  it.each([
    ["fails", "exit 7", "ended with exit code 7"],
    ["prints nothing", "true", "printed nothing"],
    ["prints something else", "echo sesame", "token 1 of the token command is no JWT"],
    ["prints one that is as good as over", `echo ${jwt({ exp: inSeconds(5) })}`, "at least 30 s"],
  ])("are refused, without being printed, from one that %s", async (_title, command, words) => {
    const reading = read(command);
    await expect(reading).rejects.toMatchObject({ code: "HOLDFAST_TOKEN_COMMAND" });
    await expect(reading).rejects.toThrow(words);
    await expect(reading).rejects.not.toThrow("sesame");
  });

  it("run it once, as long as nothing is renewed", async () => {
    await writeFile(file, "");
    await read(`echo run >> ${file}; echo ${jwt({ sub: "ada" })}`);
    expect(await readFile(file, "utf8")).toBe("run\n");
  });
});

describe("keepTokensValid", () => {
  beforeEach(() => jest.useFakeTimers({ now: 1_700_000_000_000 }));
  afterEach(() => jest.useRealTimers());

  const lasting = (seconds: number) => [jwt({ exp: inSeconds(seconds) })];
  const nobody = () => {
    throw new Error("nothing should lapse");
  };

  it("passes new ones on at half the life of the old ones", async () => {
    const handed: (readonly string[])[] = [];
    const hand = (tokens: readonly string[]) => Promise.resolve(void handed.push(tokens));
    const undo = keepTokensValid(
      { list: lasting(100), renew: () => Promise.resolve(lasting(400)) },
      hand,
      nobody,
    );
    await jest.advanceTimersByTimeAsync(49_000);
    expect(handed).toHaveLength(0);
    await jest.advanceTimersByTimeAsync(2_000);
    expect(handed).toHaveLength(1);
    await jest.advanceTimersByTimeAsync(150_000);
    expect(handed).toHaveLength(1);
    await jest.advanceTimersByTimeAsync(50_000);
    expect(handed).toHaveLength(2);
    undo();
    expect(jest.getTimerCount()).toBe(0);
  });

  it("tries again until the old ones have expired, and then reports why", async () => {
    const renew = jest.fn(() => Promise.reject(new Error("no such user")));
    const expired = new Promise<Error>((resolve) => {
      keepTokensValid({ list: lasting(60), renew }, () => Promise.resolve(), resolve);
    });
    await jest.advanceTimersByTimeAsync(70_000);
    expect((await expired).message).toBe("no such user");
    expect(renew.mock.calls.length).toBeGreaterThan(5);
    expect(jest.getTimerCount()).toBe(0);
  });

  it("does not renew those that never expire, or cannot be renewed", () => {
    keepTokensValid({ list: [jwt({})], renew: nobody }, nobody, nobody);
    keepTokensValid({ list: lasting(60) }, nobody, nobody);
    expect(jest.getTimerCount()).toBe(0);
  });
});
