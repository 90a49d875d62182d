// The format of a link's text: "1." (the version), then in base64url: one byte of flags, a checksum of the body, and
// the body, which is a JSON value followed by float32 numbers. The body is deflated if that makes it shorter.
type Bytes = Uint8Array<ArrayBuffer>;

const VERSION = 1;
const DEFLATED = 1; // flag
const PREFIX_BYTES = 5; // the flags and the checksum
const MAX_CHARACTERS = 100_000; // of the text
const MAX_BYTES = 1_000_000; // of the inflated body

// `why` is the last part of the key of a message for the user.
export class BrokenLink extends Error {
  constructor(readonly why: "damaged" | "future") {
    super(why);
  }
}

const crcTable = Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c >>> 0;
});
// CRC-32, as in zip and PNG
const crc32 = (bytes: Uint8Array) =>
  (bytes.reduce((c, byte) => crcTable[(c ^ byte) & 255] ^ (c >>> 8), 0xffffffff) ^ 0xffffffff) >>> 0;

const toText = (bytes: Uint8Array) => {
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
};
const toBytes = (text: string) => {
  if (!/^[\w-]*$/.test(text) || text.length % 4 === 1) throw new BrokenLink("damaged");
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(binary, (letter) => letter.charCodeAt(0));
};

// All bytes of a stream. Throws as soon as there are more than MAX_BYTES.
const readAll = async (stream: ReadableStream<Bytes>): Promise<Bytes> => {
  const parts: Bytes[] = [];
  let size = 0;
  const reader = stream.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    size += value.length;
    if (size > MAX_BYTES) {
      reader.cancel().catch(() => {});
      throw new BrokenLink("damaged");
    }
    parts.push(value);
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
};
const through = (bytes: Bytes, transform: CompressionStream | DecompressionStream) =>
  readAll(new Blob([bytes]).stream().pipeThrough(transform));

const deflate = (bytes: Bytes) => through(bytes, new CompressionStream("deflate-raw"));
const inflate = (bytes: Bytes) =>
  through(bytes, new DecompressionStream("deflate-raw")).catch(() => {
    throw new BrokenLink("damaged");
  });

// Pack any JSON value and float32 numbers; resolves to the text.
export const pack = async (content: unknown, floats: number[]) => {
  const json = new TextEncoder().encode(JSON.stringify(content));
  const body = new Uint8Array(2 + json.length + 4 * floats.length);
  const view = new DataView(body.buffer);
  view.setUint16(0, json.length, true);
  body.set(json, 2);
  floats.forEach((value, k) => view.setFloat32(2 + json.length + 4 * k, value, true));
  const packed = await deflate(body);
  const chosen = packed.length < body.length ? packed : body;
  const bytes = new Uint8Array(PREFIX_BYTES + chosen.length);
  bytes[0] = chosen === packed ? DEFLATED : 0;
  new DataView(bytes.buffer).setUint32(1, crc32(body), true);
  bytes.set(chosen, PREFIX_BYTES);
  return `${VERSION}.${toText(bytes)}`;
};

// The arguments that `pack` was given. Rejects with a BrokenLink.
type Unpacked = { content: unknown; floats: number[] };
export const unpack = async (text: string): Promise<Unpacked> => {
  const [, version, rest] = /^(\d{1,6})\.(.*)$/s.exec(text.slice(0, MAX_CHARACTERS)) ?? [];
  if (!version) throw new BrokenLink("damaged");
  if (Number(version) > VERSION) throw new BrokenLink("future");
  if (Number(version) !== VERSION || text.length > MAX_CHARACTERS) throw new BrokenLink("damaged");
  const bytes = toBytes(rest);
  if (bytes.length < PREFIX_BYTES + 2 || bytes[0] > DEFLATED) throw new BrokenLink("damaged");
  const body = bytes[0] ? await inflate(bytes.slice(PREFIX_BYTES)) : bytes.slice(PREFIX_BYTES);
  if (crc32(body) !== new DataView(bytes.buffer).getUint32(1, true)) throw new BrokenLink("damaged");
  return split(body);
};

const split = (body: Bytes): Unpacked => {
  const view = new DataView(body.buffer, body.byteOffset, body.length);
  const start = body.length < 2 ? Infinity : 2 + view.getUint16(0, true);
  if (start > body.length || (body.length - start) % 4) throw new BrokenLink("damaged");
  try {
    const content = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body.slice(2, start)));
    const count = (body.length - start) / 4;
    const floats = Array.from({ length: count }, (_, k) => view.getFloat32(start + 4 * k, true));
    return { content, floats };
  } catch {
    throw new BrokenLink("damaged");
  }
};
