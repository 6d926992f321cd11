// What the page does with files and drawings: node bytes.mjs learner.wasm FOLDER. Leaves model.sbn and strokes.csv in the folder.
import assert from "node:assert";
import { readFileSync, writeFileSync } from "node:fs";

const [file, folder] = process.argv.slice(2);
const open = async () => (await WebAssembly.instantiate(readFileSync(file))).instance.exports;
const PIXELS = 256;
const saved = (page) => Uint8Array.from({ length: page.save() }, (_, i) => page.byte(i));
const load = (page, bytes) => (bytes.forEach((byte, i) => page.set_byte(i, byte)), page.load(bytes.length));

const page = await open();
page.start(1);
const first = page.train(100);
for (let n = 0; n < 100; n++) page.train(100);
const last = page.train(100);
assert(last < 0.5 * first, `-ELBO ${first} and then ${last}`);
const model = saved(page);

// Another page goes on with it.
const other = await open();
other.start(2);
assert.notDeepEqual(saved(other), model);
assert.equal(load(other, model), 0);
assert.deepEqual(saved(other), model);
assert(other.train(100) < 0.6 * first);

// What is damaged or too short changes nothing.
const before = saved(other);
const damaged = model.slice();
damaged[1000] ^= 1;
assert.notEqual(load(other, damaged), 0);
assert.notEqual(load(other, model.slice(0, -4)), 0);
assert.deepEqual(saved(other), before);

// It learns what is drawn.
const drawing = await open();
drawing.start(3);
for (let i = 0; i < PIXELS; i++) drawing.set_pixel(i, i % 16 === 7 || i >> 4 === 7);
const unknown = drawing.score();
assert.equal(drawing.keep(), 1);
drawing.train(1000);
const known = drawing.score();
assert(known < 0.1 * unknown, `-ELBO of a drawing ${unknown} and then ${known}`);

writeFileSync(`${folder}/model.sbn`, model);
const rows = Array.from({ length: 100 }, (_, n) => {
  page.stroke(n);
  return Array.from({ length: PIXELS }, (_, i) => page.pixel(i)).join();
});
writeFileSync(`${folder}/strokes.csv`, rows.join("\n") + "\n");
console.log(`-ELBO of strokes ${first.toFixed(1)}, then ${last.toFixed(1)}; of a drawing ${unknown.toFixed(1)}, then ${known.toFixed(1)}`);
