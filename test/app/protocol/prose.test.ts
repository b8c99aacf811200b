import { readFileSync } from "node:fs";
import { join } from "node:path";
import { closeCodes, mayReconnect } from "../../../app/protocol/close-codes";
import { errorCodes, limits, serverLimits } from "../../../app/protocol/frames";
import { MAX_NESTING } from "../../../app/protocol/nesting";
import { loadAppConfig } from "../../../app/server/config";
import { refusalReasons } from "../../../app/server/metrics";
import { Declarations } from "./declarations";
import { tablesByHeading, type Table } from "./markdown";

const tables = tablesByHeading(readFileSync(join(__dirname, "../../../docs/protocol.md"), "utf8"));
const frames = new Declarations("app/protocol/frames.ts");
const http = new Declarations("app/server/http.ts");

function table(heading: string): Table {
  const found = tables.get(heading);
  if (!found) throw new Error(`docs/protocol.md has no table under "${heading}"`);
  return found;
}

/** The first columns of a table, sorted, because the order in the document does not matter. */
function columns(heading: string, count = 1): string[] {
  return table(heading)
    .map((row) => row.slice(0, count).join(" "))
    .sort();
}

/** The wire type of each frame in a union, with its interface. */
function framesOf(union: string): [type: string, name: string][] {
  return frames.union(union).map((name) => [frames.words(name, "type").join(), name]);
}

const directions = [
  ["From the client", "ClientFrame"],
  ["From the server", "ServerFrame"],
] as const;

describe("docs/protocol.md and the code", () => {
  it.each(directions)("name the same frames %s", (heading, union) => {
    expect(columns(heading)).toEqual(
      framesOf(union)
        .map(([type]) => type)
        .sort(),
    );
  });

  it.each(directions.flatMap(([, union]) => framesOf(union)))("give %s the same fields", (type, name) => {
    const fields = frames.properties(name).filter((field) => field !== "type");
    expect(fields.length === 0 ? (tables.get(type) ?? []) : columns(type)).toEqual(fields.sort());
  });

  it("list the same close codes, and agree on which of them a client reconnects", () => {
    const coded = Object.entries(closeCodes).map(([name, code]) => [
      String(code),
      name,
      mayReconnect(code) ? "yes" : "no",
    ]);
    const told = table("Close codes").map((row) => [row[0], row[1], row.at(-1)]);
    expect(told.sort()).toEqual(coded.sort());
  });

  it("name the same error codes", () => {
    expect(columns("Error codes")).toEqual([...errorCodes].sort());
  });

  it("name the same reasons to refuse an upgrade, each with its status", () => {
    expect(
      table("Refusals")
        .map((row) => row[1])
        .sort(),
    ).toEqual([...refusalReasons].sort());
    expect(columns("Refusals", 2)).toEqual(
      http
        .calls("refusal")
        .map((call) => call.join(" "))
        .sort(),
    );
  });

  it("give the same limits of the protocol and defaults of a server", () => {
    const coded = Object.entries({ ...limits, ...serverLimits, MAX_NESTING }).map(
      ([name, value]) => `${name} ${value}`,
    );
    expect(columns("Of the protocol", 2).map(plain)).toEqual(coded.sort());

    const defaults: Readonly<Record<string, unknown>> = loadAppConfig({
      SERVICE_NAME: "a",
      SERVICE_PATH: "/",
      POD_NAME: "a",
      REDIS_URL: "redis://a",
      AUTH_MODE: "anonymous",
    });
    const told = table("Of a server");
    expect(told.length).toBeGreaterThan(0);
    for (const [name = "", value = ""] of told)
      expect([name, Number(plain(value))]).toEqual([name, defaults[name]]);
  });
});

/** Without thousands separators. */
function plain(text: string): string {
  return text.replaceAll(",", "");
}
