// Runs an image for a Raspberry Pi Pico in rp2040js until it prints `exit 0` or `exit 1`, which is the exit code.
//
//   node emulator.mjs IMAGE.uf2 [CUT...]
//
// CUT: where power is lost once, one after another; the flash is kept, all else is not.
//   write:N or erase:N    within the N-th write of a page or erasure of a sector since power came
//   line:TEXT             after a line that begins with this
import { readFileSync } from 'node:fs';
import { ConsoleLogger, LogLevel } from 'rp2040js';
import { Chip, Rom } from './rom.mjs';

const FLASH_SIZE = 2 << 20;
const SECONDS_AT_MOST = 600;
const BAUD = 115200;
const UART_PIN = 0;

class PowerLoss extends Error {}

// The blocks of a UF2 file, where they belong in the flash.
function flashFrom(file) {
  const bytes = readFileSync(file);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const flash = new Uint8Array(FLASH_SIZE).fill(0xff);
  const blocks = bytes.length / 512;
  for (let i = 0; i < blocks; i++) {
    const [first, second, flags, address, size, number, count, family] = Array.from({ length: 8 }, (_, k) =>
      view.getUint32(512 * i + 4 * k, true),
    );
    const right =
      first === 0x0a324655 && second === 0x9e5d5157 && view.getUint32(512 * i + 508, true) === 0x0ab16f30 &&
      flags === 0x2000 && family === 0xe48bff56 && size === 256 && number === i && count === blocks &&
      address % 256 === 0 && address >= 0x10000000 && address + size <= 0x10000000 + FLASH_SIZE;
    if (!right) throw new Error(`${file}: block ${i} is none of a UF2 for this chip`);
    flash.set(bytes.subarray(512 * i + 32, 512 * i + 32 + size), address - 0x10000000);
  }
  if (blocks === 0) throw new Error(`${file} is empty`);
  return flash;
}

// Runs with that flash until the program or the power ends; the exit code, or nothing.
function run(flash, cut) {
  const chip = new Chip(flash);
  chip.logger = new ConsoleLogger(LogLevel.Error);
  // What RAM holds when power comes is nobody's promise.
  for (let i = 0; i < chip.sram.length; i++) chip.sram[i] = (i * 2654435761) >>> 24;
  let left = Number(cut?.what === 'line' ? 0 : cut?.value);
  const rom = new Rom(chip, (what) => {
    if (cut?.what === what && --left === 0) throw new PowerLoss();
  });
  let line = '';
  let over;
  chip.uart[0].onByte = (byte) => {
    rom.need(Math.abs(chip.uart[0].baudRate - BAUD) < 0.01 * BAUD, `${chip.uart[0].baudRate} baud`);
    rom.need(chip.gpio[UART_PIN].functionSelect === 2, 'no UART at its pin');
    if (byte !== 10) return void (line += String.fromCharCode(byte));
    console.log(line);
    const exit = /^exit ([01])$/.exec(line);
    if (exit) over = Number(exit[1]);
    if (cut?.what === 'line' && line.startsWith(cut.value)) over = null;
    line = '';
  };
  rom.boot();
  const { core, clock } = chip;
  try {
    while (over === undefined) {
      if (clock.nanos > 1e9 * SECONDS_AT_MOST) throw new Error('it does not end');
      // 100,000 instructions, or as much sleep.
      for (let i = 0; i < 100_000 && over === undefined; i++) {
        if (core.waiting) {
          if (clock.nanosToNextAlarm === 0) throw new Error('it sleeps, and nothing will wake it');
          clock.tick(clock.nanosToNextAlarm);
          // (Of itself rp2040js does not wake for SysTick.)
          if (core.interruptsUpdated && core.checkForInterrupts()) core.waiting = false;
        } else {
          clock.tick((1e9 / chip.clkSys) * core.executeInstruction());
        }
      }
    }
  } catch (reason) {
    if (!(reason instanceof PowerLoss)) throw reason;
    over = null;
  }
  flash.set(chip.flash.subarray(0, FLASH_SIZE));
  return over;
}

const [file, ...cuts] = process.argv.slice(2);
const flash = flashFrom(file);
for (const text of [...cuts, undefined]) {
  const [, what, value] = text?.match(/^(write|erase|line):(.+)$/) ?? [];
  if (text && !what) throw new Error(`${text} is no way to lose power`);
  const over = run(flash, text && { what, value });
  if (over !== null) {
    if (text) throw new Error(`the program ended before ${text}`);
    process.exitCode = over;
    break;
  }
  console.log(`-- power lost: ${text}`);
}
