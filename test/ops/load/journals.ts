import type { ClientRecord, Published } from "../../../ops/load/journal";

/** `a3` is publisher a's third message, published in the room at 3 s. */
export function published(id: string, room = "r"): Published {
  const number = Number(id.slice(1));
  return { id, publisher: id.charAt(0), number, room, at: number * 1_000 };
}

/** A client with its messages, each `+ms` after its publish: `a1+20 a2+5`. */
export function client(name: string, arrivals: string, room = "r"): ClientRecord {
  return {
    name,
    room,
    entry: "clientIp",
    arrivals: arrivals
      .split(" ")
      .filter((note) => note !== "")
      .map((note) => {
        const [id = "", delay = "0"] = note.split("+");
        return { id, at: Number(id.slice(1)) * 1_000 + Number(delay) };
      }),
    connections: [],
    closes: [],
    refusals: [],
    resyncs: 0,
  };
}
