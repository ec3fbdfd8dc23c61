#!/usr/bin/env node
// A second verifier of evidence bundles: Node 18 or later, no packages, no network.
//   node verify.mjs BUNDLE [AUTHORITY.pem [WITNESS.pem]]       exit 0 all good, 1 something found, 2 usage
// Written from docs/evidence-bundle.md and docs/wire-format.md; it shares no code with edge-agent.
import { createHash, createHmac, createPublicKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { append, bytes, cbor, consistent, event, fields, genesisBody, hashes, hex, included, isName, kidOf, list } from "./format.mjs";
import { need, number, parse, peaksOf, rootOf, same, sha, signed } from "./format.mjs";

// ---- the bundle (evidence-bundle.md)
let problems, epochs, certificates, identities, receiptKeys, authorities, witnesses, scope, sealed, events; // of one bundle
const found = (what, epoch, seq, detail, last = null) =>
  problems.push({ what, epoch: epoch && hex(epoch), seq, last, detail });
function tried(what, epoch, seq, work) { // a finding where `work` cannot be done
  try { return work(); } catch (error) { found(error.what ?? what, epoch, seq, error.message); return null; }
}
function genuine(one, candidates, what = "bad_signature") {
  const good = candidates.some((key) => signed(one, key, one.domain));
  if (!good) found(what, one.epoch, one.seq, "no key in question signed it");
  return good;
}
function trust() {
  if (!authorities.length) authorities.push(...certificates.filter((one) => one.ca && one.verify(one.publicKey)));
  for (const one of certificates) {
    const name = /^CN=(.*)$/m.exec(one.subject)?.[1] ?? "";
    if (!authorities.some((by) => one.checkIssued(by) && one.verify(by.publicKey))) continue;
    if (!one.keyUsage?.includes("1.3.6.1.5.5.7.3.36")) continue; // "document signing" of RFC 9336
    if (name === scope.gateway) identities.push(one.publicKey);
    else if (name.endsWith(" receipts")) receiptKeys.push(one.publicKey);
  }
  if (!identities.length) found("untrusted", null, null, `nobody trusted certified ${scope.gateway}`);
}
function begin(value) {
  if (!epochs.length) trust();
  const [id, genesis, head, receipt, leaves, earlier, proof, stamped, cosigned = [], second] = fields(value, [1, 2, 3], [4, 5, 6, 7, 8, 9, 10]);
  need(!receipt === !leaves && !earlier === !proof && (!second || list(second, 2, 2)), "half a proof");
  need(!epochs.some((one) => same(one.id, bytes(id, 8))), "an epoch stands twice");
  const known = { id, genesis: bytes(genesis), key: null, size: null, next: 0, held: [], previous: null };
  epochs.push(known);
  const of = (data) => { const one = event(data, scope.gateway); need(same(one.epoch, id), "another epoch's", "head"); return one; };
  const first = tried("malformed", id, 0, () => event(genesis, scope.gateway));
  const own = first && tried("bad_genesis", id, 0, () => { need(first.seq === 0 && same(first.epoch, id), "no genesis of it"); return genesisBody(first.body); });
  if (own && genuine(first, own.by ? identities : [own.key], "unknown_key")) Object.assign(known, own);
  if (known.key && !own.by) found("unvouched", id, 0, "signed by its own key alone");
  const top = tried("head", id, 0, () => of(bytes(head)));
  if (!top || (top.seq && !(known.key && genuine(top, [known.key])))) return;
  Object.assign(known, { top, size: top.seq, root: top.root, second });
  if (receipt) tried("receipt", id, top.seq, () => receipted(receipt, leaves, top));
  const continued = (data, proof) => {
    const old = of(data), path = hashes(proof);
    if (!genuine(old, [known.key])) return null;
    if (consistent(old.seq, known.size, old.root, known.root, path)) return old;
    found("proof", id, old.seq, "the head does not continue the other one");
    return null;
  };
  if (earlier) tried("head", id, 0, () => continued(earlier, proof));
  if (stamped) tried("head", id, 0, () => { // whether the authority signed it: `openssl ts -verify`, evidence-bundle.md, 9
    const [data, token, path] = list(stamped, 3, 3), old = continued(bytes(data), path);
    if (old && !bytes(token).includes(old.leaf)) found("timestamp", id, old.seq, "it is of something else");
  });
  for (const pair of list(cosigned, 8)) tried("witness", id, top.seq, () => cosignature(known, ...list(pair, 2, 2)));
}
function cosignature(known, data, path) { // wire-format.md, 19
  const message = parse(bytes(data)), told = fields(cbor(message.payload), [1, 2, 3, 4, 5, 6, 7, 8, 9], []);
  const [version, by, authority, gateway, epoch, size, root] = told, ours = witnesses.filter((key) => same(kidOf(key), message.kid));
  need(version === 1 && [by, gateway].every(isName) && bytes(epoch, 8) && number(size) + number(told[7]) + number(told[8]) >= 0, "no cosignature");
  const digests = authorities.map((one) => sha(one.publicKey.export({ type: "spki", format: "der" })));
  const no = (text) => found("witness", known.id, size, text);
  if (ours.length) known.witnessed = true; // or said to be bad
  if (ours.length && !ours.some((key) => signed(message, key, "cosignature"))) return no("that witness did not sign it");
  if (gateway !== scope.gateway || !same(epoch, known.id) || !digests.some((one) => same(one, bytes(authority, 32)))) return no("of another gateway");
  if (!consistent(size, known.size, bytes(root, 32), known.root, hashes(path))) return no("the head does not continue it");
}
function receipted(data, leaves, top) { // wire-format.md, 8
  const message = parse(data), [, gateway, , , ranges] = fields(cbor(message.payload), [1, 2, 3, 4, 5], []);
  need(receiptKeys.some((key) => signed(message, key, "receipt")), "no trusted key signed it");
  const covers = ([epoch, first, last, digest]) => same(epoch, top.epoch) && first <= top.seq && top.seq <= last &&
    leaves.length === 32 * (last - first + 1) && same(sha(leaves), digest) &&
    same(leaves.subarray(32 * (top.seq - first), 32 * (top.seq - first + 1)), top.leaf);
  need(gateway === scope.gateway && ranges.some(covers), "it is not for this head");
}
function run(value) {
  const [first, peaks, path, envelopes, twins = []] = fields(value, [1, 4], [2, 3, 5]), known = epochs.at(-1);
  need(known && number(first) >= known.next && list(envelopes, peaks ? 64 : 1, 1), "events out of their place");
  const tree = peaks && peaksOf(peaks, first), recent = new Map();
  const check = (envelope, seq) => tried("malformed", known.id, seq, () => {
    const one = event(bytes(envelope), scope.gateway);
    need(same(one.epoch, known.id), "of another epoch", "wrong_epoch");
    need(one.seq === seq, `event ${one.seq} stands in its place`, "gap");
    if (seq === 0) need(same(envelope, known.genesis), "another genesis", "fork");
    else if (!known.key || !genuine(one, [known.key])) return;
    if (recent.has(seq)) found("fork", known.id, seq, "two events have this number");
    else if (tree && !same(rootOf(tree.peaks), one.root)) found("root_mismatch", known.id, seq, "not signed over this");
  });
  envelopes.forEach((envelope, at) => {
    check(envelope, first + at);
    recent.set(first + at, sha(Buffer.of(0), bytes(envelope)));
    if (tree) append(tree, recent.get(first + at));
  });
  const last = first + envelopes.length - 1, leaf = recent.get(last);
  [known.next, events] = [last + 1, events + envelopes.length];
  known.held.push([first, last]);
  if (!known.top) { /* that is said */ }
  else if (last === known.size) { if (!same(leaf, known.top.leaf)) found("fork", known.id, last, "the head is another"); }
  else if (!path) found("unproven", known.id, last, "no proof that it is in the tree of the head");
  else if (!included(leaf, last, known.size, hashes(path), known.root)) found("proof", known.id, last, "leads elsewhere");
  for (const twin of twins) check(twin, number(cbor(parse(bytes(twin)).payload).get(4)));
}
function closing(data, before) {
  const one = parse(data), [version, gateway, , , digest, count] = fields(cbor(one.payload), [1, 2, 3, 5, 6, 7, 8], [4, 9, 10]);
  const signers = [...receiptKeys, ...epochs.flatMap(({ key }) => key ?? [])];
  need(signers.some((key) => signed(one, key, "bundle")), "no key in the bundle sealed it");
  need(same(digest, before) && version === 1 && gateway === scope.gateway && count === events, "it is not as it was sealed");
}
function whole() { // every number of each stretch must be there
  for (const [epoch, first, last] of scope.stretches) {
    let at = first;
    const missing = (end) => at <= end && found("gap", epoch, at, `${at} to ${end} are missing`, end);
    for (const [low, high] of epochs.find(({ id }) => same(id, epoch))?.held ?? []) {
      if (low > last || high < at) continue;
      missing(low - 1);
      at = high + 1;
    }
    missing(last);
  }
}
function sample() { // the draw: evidence-bundle.md, 5
  const size = scope.stretches.reduce((sum, [, first, last]) => sum + last - first + 1, 0), drawn = new Set();
  const fair = size ? 2n ** 64n - (2n ** 64n % BigInt(size)) : 0n, counter = Buffer.alloc(8);
  for (let i = 0n; drawn.size < Math.min(scope.count, size); i++) {
    counter.writeBigUInt64BE(i);
    const digest = createHmac("sha256", scope.nonce).update("edge-agent/v1/sample").update(counter).digest();
    if (digest.readBigUInt64BE() < fair) drawn.add(Number(digest.readBigUInt64BE() % BigInt(size)));
  }
  const wanted = new Set([...drawn].map((at) => {
    for (const [epoch, first, last] of scope.stretches) { if (at <= last - first) return `${hex(epoch)}/${first + at}`; at -= last - first + 1; }
  }));
  for (const { id, held } of epochs) for (const [first, last] of held) for (let seq = first; seq <= last; seq++)
    if (!wanted.delete(`${hex(id)}/${seq}`)) found("sample", id, seq, "the nonce does not draw it");
  for (const place of wanted) found("sample", Buffer.from(place.slice(0, 16), "hex"), Number(place.slice(17)), "drawn, and missing");
}
function lineage() {
  epochs.filter(({ key }) => key).forEach(({ id, previous }, at, all) => {
    const id8 = (one) => (one.previous ? hex(one.previous.epoch) : "");
    if (all.slice(0, at).some((one) => id8(one) === id8({ previous }))) found("branch", id, 0, "two epochs follow one");
    const before = previous && epochs.find((one) => same(one.id, previous.epoch));
    if (before?.next > previous?.size) found("rolled_back", id, 0, `goes on after ${previous.size} events`);
  });
}
function read(file) {
  const whole = createHash("sha256").update(file.subarray(0, 8));
  need(same(file.subarray(0, 8), Buffer.from("\xeaBundle\n", "latin1")), "not an evidence bundle of version 1");
  for (let at = 8; at < file.length; ) {
    const size = at + 4 <= file.length ? file.readUInt32BE(at) : Infinity;
    need(size <= 4 << 20 && at + 4 + size <= file.length && !sealed, "cut short, too long, or behind the seal");
    const [item, value] = list(cbor(file.subarray(at + 4, at + 4 + size)), 2, 2);
    need((item === 0) === (scope === null) && (item !== 1 || !epochs.length), "an item out of its place");
    if (item === 0) scope = scopeOf(value);
    else if (item === 1) certificates.push(new X509Certificate(bytes(value)));
    else if (item === 2) begin(value);
    else if (item === 3) run(value);
    else { need(item === 4, "no such item"); sealed = true; tried("seal", null, null, () => closing(bytes(value), whole.copy().digest())); }
    whole.update(file.subarray(at, (at += 4 + size)));
  }
}
function scopeOf(value) {
  const [version, gateway, kind, stretches, nonce, count] = fields(value, [1, 2, 3, 4], [5, 6, 7, 8, 9]);
  need(version === 1 && ["span", "area", "incident", "sample"].includes(kind) && (kind === "sample") === !!nonce, "no scope");
  for (const [epoch, first, last] of list(stretches, 65536)) need(bytes(epoch, 8) && number(first) <= number(last), "no stretch");
  return { gateway, kind, stretches, nonce, count: nonce ? number(count) : 0 };
}

/** Returns what is found in `file`, bytes of a bundle; `pinned` and `pinnedWitnesses` are who the reader trusts. */
export function verify(file, pinned = [], pinnedWitnesses = []) {
  [problems, epochs, certificates, identities, receiptKeys, authorities] = [[], [], [], [], [], [...pinned]];
  [scope, sealed, events, witnesses] = [null, false, 0, pinnedWitnesses];
  tried("malformed", null, null, () => read(file));
  if (!sealed) found("seal", null, null, "the file ends before its seal: it was cut");
  if (scope?.kind === "sample") sample();
  else if (scope) whole();
  lineage();
  for (const one of witnesses.length ? epochs : []) if (one.held.length && !one.witnessed) found("unwitnessed", one.id, one.held[0][0], "no witness named");
  const heads = epochs.filter(({ top }) => top).map(({ id, size, root, second }) => ({ epoch: hex(id), size, root: hex(root), ...(second && { secondSignature: "NOT CHECKED: edge-agent verify does" }) }));
  const trusted = authorities.map((one) => one.fingerprint256.replaceAll(":", "").toLowerCase());
  const ok = problems.length === 0;
  return { ok, gateway: scope?.gateway ?? null, events, heads, trusted, pinned: pinned.length > 0, problems };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [file, authority, witness] = process.argv.slice(2);
  if (!file) { console.error("usage: node verify.mjs BUNDLE [AUTHORITY.pem [WITNESS.pem]]"); process.exit(2); }
  const keys = /-----BEGIN PUBLIC KEY-----[^-]*-----END PUBLIC KEY-----/g;
  const named = witness ? readFileSync(witness, "latin1").match(keys).map((pem) => createPublicKey(pem)) : [];
  const report = verify(readFileSync(file), authority ? [new X509Certificate(readFileSync(authority))] : [], named);
  console.log(JSON.stringify(report, null, 1));
  process.exit(report.ok ? 0 : 1);
}
