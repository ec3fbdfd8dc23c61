// What a verifier of bundles needs of docs/wire-format.md: CBOR, keys, signed messages, events, the tree.
// Node 18 or later, no packages.  Shares no code with edge-agent.
import { createHash, createPublicKey, verify as signs } from "node:crypto";

export const sha = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash("sha256")).digest();
const node = (left, right) => sha(Buffer.of(1), left, right);
export const same = (a, b) => Buffer.compare(a, b) === 0;
export const hex = (bytes) => bytes.toString("hex");
class Bad extends Error { constructor(text, what) { super(text); this.what = what; } }
export const need = (holds, text, what) => { if (!holds) throw new Bad(text, what); };

// ---- deterministic CBOR (wire-format.md, 1)
export function cbor(data) {
  let at = 0;
  function head() {
    need(at < data.length, "cut short");
    const major = data[at] >> 5, low = data[at++] & 31, width = low < 24 ? 0 : 1 << (low - 24);
    if (major === 7) { need(low >= 20 && low <= 22, "simple value"); return [7, low]; }
    need(major < 6 && low < 28 && at + width <= data.length, "tag, reserved head, or cut short");
    if (!width) return [major, low];
    const big = BigInt("0x" + hex(data.subarray(at, (at += width))));
    need(big >= (width === 1 ? 24n : 1n << BigInt(4 * width)), "not in its shortest form");
    return [major, big <= 9007199254740991n ? Number(big) : big];
  }
  function item(depth) {
    const [major, n] = head();
    if (major === 0) return n;
    if (major === 1) return typeof n === "bigint" ? -1n - n : -1 - n;
    if (major === 7) return [false, true, null][n - 20];
    need(n <= data.length - at, "cut short");
    if (major === 2) return data.subarray(at, (at += n));
    if (major === 3) return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(data.subarray(at, (at += n)));
    need(depth > 0, "nested too deep");
    if (major === 4) return Array.from({ length: n }, () => item(depth - 1));
    const map = new Map();
    for (let last = -1; n > map.size; ) {
      const key = data[at++];
      need(key > last && key <= 0x37 && (key & 31) < 24, "map key");
      map.set(key < 24 ? key : 31 - key, item(depth - 1));
      last = key;
    }
    return map;
  }
  const value = item(8);
  need(at === data.length, "bytes follow");
  return value;
}
export const bytes = (v, size = v?.length) => (need(Buffer.isBuffer(v) && v.length === size, "no such bytes"), v);
export const number = (v) => (need(Number.isInteger(v) && v >= 0, "no such number"), v);
export const hashes = (v) => list(v, 64).map((one) => bytes(one, 32));
export const list = (v, max, min = 0) => (need(Array.isArray(v) && v.length <= max && v.length >= min, "no such array"), v);
export const fields = (map, required, optional) => { // the values, in the order of the keys from 1 on
  need(map instanceof Map && [...map.keys()].every((k) => required.includes(k) || optional.includes(k)), "unknown key");
  need(required.every((k) => map.has(k)), "a key is missing");
  return Array.from({ length: 10 }, (_, at) => map.get(at + 1));
};

// ---- keys and signed messages (2, 3); a key id finds a key and proves nothing: the signature decides
function coseKey(map) {
  const x = bytes(map.get(-2), 32).toString("base64url"), p256 = map.get(1) === 2;
  need(map.get(p256 ? -1 : 1) === 1 && (p256 || map.get(-1) === 6) && map.size === (p256 ? 4 : 3), "no such key");
  const jwk = p256 ? { kty: "EC", crv: "P-256", x, y: bytes(map.get(-3), 32).toString("base64url") } : { kty: "OKP", crv: "Ed25519", x };
  return createPublicKey({ key: jwk, format: "jwk" });
}
export function kidOf(key) { // the id of a public key (3); all maps of it are written out
  const jwk = key.export({ format: "jwk" }), part = (name) => Buffer.concat([Buffer.of(0x58, 32), Buffer.from(jwk[name], "base64url")]);
  const map = jwk.kty === "EC" ? [Buffer.from("a401022001", "hex"), Buffer.of(0x21), part("x"), Buffer.of(0x22), part("y")]
    : [Buffer.from("a301012006", "hex"), Buffer.of(0x21), part("x")];
  return sha(...map).subarray(0, 8);
}
export const isName = (v) => typeof v === "string" && /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(v);
export function parse(data) {
  need(data.length <= 65536 && data[0] === 0xd2, "not a tagged COSE_Sign1");
  const [prot, unprotected, payload, signature] = list(cbor(data.subarray(1)), 4, 4), header = cbor(bytes(prot));
  need(unprotected instanceof Map && unprotected.size === 0 && header instanceof Map && header.size === 2, "header");
  need([-19, -9].includes(header.get(1)), "algorithm");
  return { data, prot, payload: bytes(payload), signature: bytes(signature, 64), alg: header.get(1), kid: bytes(header.get(4), 8) };
}
function bstr(b) {
  const n = b.length, long = n < 65536 ? [0x59, n >> 8, n & 255] : [0x5a, n >>> 24, (n >> 16) & 255, (n >> 8) & 255, n & 255];
  return Buffer.concat([Buffer.from(n < 24 ? [0x40 | n] : n < 256 ? [0x58, n] : long), b]);
}
const HALF = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n / 2n;
export function signed(message, key, domain) {
  const parts = [message.prot, Buffer.from(`edge-agent/v1/${domain}`), message.payload].map(bstr);
  const text = Buffer.concat([Buffer.from("\x84\x6aSignature1", "latin1"), ...parts]);
  if (message.alg !== (key.asymmetricKeyType === "ec" ? -9 : -19)) return false;
  if (message.alg === -19) return signs(null, text, key, message.signature);
  const low = BigInt("0x" + hex(message.signature.subarray(32))) <= HALF;
  return low && signs("sha256", text, { key, dsaEncoding: "ieee-p1363" }, message.signature);
}
export function event(data, ours) { // 4
  const one = parse(data), all = [1, 2, 3, 4, 5, 6, 7, 8, 9];
  const [version, gateway, epoch, seq, root, stamp, lane, type, body] = fields(cbor(one.payload), all, []);
  need(version === 1 && number(lane) <= 6 && /^[a-z][a-z0-9_]{0,31}$/.test(type) && body instanceof Map, "no event");
  need(list(stamp, 5, 5) && bytes(stamp[2], 16) && ["synced", "holdover", "unset"].includes(stamp[3]), "no stamp");
  need((number(seq) === 0) === (type === "genesis") && (seq > 0 || same(bytes(root, 32), sha())), "no genesis");
  need(gateway === ours, `it is ${gateway}'s`, "wrong_gateway");
  const domain = seq ? "event" : "genesis", leaf = sha(Buffer.of(0), data);
  return { ...one, epoch: bytes(epoch, 8), seq, root: bytes(root, 32), body, leaf, domain };
}
export function genesisBody(body) { // 5
  const key = coseKey(body.get(1)), told = body.has(3) ? list(body.get(3), 3, 3) : null;
  need((told === null) === (body.get(4) === "first"), "no genesis");
  const previous = told && { epoch: bytes(told[0], 8), size: number(told[1]), root: bytes(told[2], 32) };
  return { key, by: body.has(2) ? bytes(body.get(2), 8) : null, previous };
}

// ---- the tree (6; RFC 9162, 2.1); sizes may pass 32 bits, so there are no bit operations here
export const rootOf = (peaks) => (peaks.length ? peaks.reduceRight((right, left) => node(left, right)) : sha());
const half = (n) => Math.floor(n / 2);
export function peaksOf(data, size) {
  need(data.length % 32 === 8 && Number(data.readBigUInt64BE()) === size, "the tree before a run is of another size");
  return { size, peaks: Array.from({ length: (data.length - 8) / 32 }, (_, at) => data.subarray(8 + 32 * at, 40 + 32 * at)) };
}
export function append(tree, leaf) {
  for (let size = tree.size++; size % 2; size = half(size)) leaf = node(tree.peaks.pop(), leaf);
  tree.peaks.push(leaf);
}
function climb(start, at, last, path) { // the old root of a consistency proof, and the new one of both
  let [old, now] = [start, start];
  for (const step of path) {
    if (last === 0) return [sha(), sha()];
    if (at % 2 || at === last) {
      [old, now] = [node(step, old), node(step, now)];
      while (at && at % 2 === 0) [at, last] = [half(at), half(last)];
    } else now = node(now, step);
    [at, last] = [half(at), half(last)];
  }
  return last === 0 ? [old, now] : [sha(), sha()];
}
export const included = (leaf, seq, size, path, root) => seq < size && same(climb(leaf, seq, size - 1, path)[1], root);
export function consistent(old, size, oldRoot, root, proof) {
  if (old === 0 || old >= size) return old <= size && proof.length === 0 && same(oldRoot, old ? root : sha());
  const path = Number.isInteger(Math.log2(old)) ? [oldRoot, ...proof] : proof;
  let [at, last] = [old - 1, size - 1];
  while (at % 2) [at, last] = [half(at), half(last)];
  const [before, now] = path.length ? climb(path[0], at, last, path.slice(1)) : [sha(), sha()];
  return same(before, oldRoot) && same(now, root);
}
