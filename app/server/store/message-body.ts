/** Whether this is the tail of a frame, as it is stored. Any other text in a history would break the frames of every member. */
export function isBody(body: string | Buffer): boolean {
  const [head, tail] =
    typeof body === "string"
      ? [body.slice(0, bodyHead.length), body.at(-1)]
      : [body.toString("latin1", 0, bodyHead.length), body.toString("latin1", body.length - 1)];
  return head === bodyHead && tail === "}";
}

const bodyHead = `"from":`;

/** An entry that this application did not write keeps its offset, so that the history stays complete, but has no content. */
export function readableBody(body: string): string {
  return isBody(body) ? body : `"from":"","at":0,"data":null}`;
}
