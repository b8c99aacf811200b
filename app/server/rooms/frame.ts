/**
 * Builds an unmasked WebSocket text frame as bytes (RFC 6455, section 5.2). It is built once for all subscribers of a room; ws
 * would build a header for each.
 */
export function textFrame(...parts: readonly (string | Buffer)[]): Buffer {
  let length = 0;
  for (const part of parts) length += typeof part === "string" ? Buffer.byteLength(part) : part.length;
  const header = length < 126 ? 2 : length < 65_536 ? 4 : 10;
  const frame = Buffer.allocUnsafe(header + length);
  frame[0] = 0x81; // FIN, opcode text
  if (header === 2) {
    frame[1] = length;
  } else if (header === 4) {
    frame[1] = 126;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = 127;
    frame.writeBigUInt64BE(BigInt(length), 2);
  }
  let at = header;
  for (const part of parts) {
    at += typeof part === "string" ? frame.write(part, at) : part.copy(frame, at);
  }
  return frame;
}
