// Whether the module computes what every machine computes: node golden.mjs learner.wasm
import { readFileSync } from "node:fs";

const { instance } = await WebAssembly.instantiate(readFileSync(process.argv[2]));
const page = instance.exports;
const wrong = [];
for (let i = 0; i < page.golden_values(); i++) if (!page.golden_value(i)) wrong.push(i);
console.log(`${page.golden_values() - wrong.length} of ${page.golden_values()} golden values are the same`);
if (wrong.length) throw new Error(`golden values that differ: ${wrong.map((i) => `${i} is 0x${BigInt.asUintN(64, page.golden_bits(i)).toString(16)}`)}`);
