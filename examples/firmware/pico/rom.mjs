// What a Raspberry Pi Pico has around its processor and rp2040js has not: the boot ROM and the flash chip. The ROM itself is
// not here. These are stand-ins for what an image calls, with the same signatures, and stricter: a ROM call in the wrong
// order, with a wrong range, or an access to the flash while it cannot be read is an error.
import { RP2040 } from 'rp2040js';

const FLASH = 0x10000000;
const XIP_REGIONS = 0x18000000;
const SECTOR = 4096;
const BLOCK = 65536;
const PAGE = 256;
// Typical times of a W25Q16JV, in nanoseconds: a sector, a block, a page.
const ERASE_SECTOR = 45e6;
const ERASE_BLOCK = 150e6;
const PROGRAM_PAGE = 0.4e6;

const BOOT2_IN_RAM = 0x20041f00;
const STUBS = 0x100;
const FUNCTIONS = 0x200;

const code = (letters) => letters.charCodeAt(0) | (letters.charCodeAt(1) << 8);

// CRC-32/MPEG-2, with which the ROM decides whether there is a second stage.
function crc(bytes) {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte << 24;
    for (let i = 0; i < 8; i++) crc = crc & 0x80000000 ? (crc << 1) ^ 0x04c11db7 : crc << 1;
  }
  return crc >>> 0;
}

// The chip with its flash: to read it when it cannot be read, or to store into it, is an error.
export class Chip extends RP2040 {
  constructor(flash) {
    super();
    this.isReadable = false;
    this.flashSize = flash.length;
    this.flash.set(flash);
  }

  need(right, wrong) {
    if (!right) throw new Error(`${wrong}, at 0x${this.core.PC.toString(16)}`);
  }

  look(address) {
    const inFlash = address >>> 0 >= FLASH && address >>> 0 < XIP_REGIONS;
    this.need(!inFlash, `0x${(address >>> 0).toString(16)} is read while the flash cannot be`);
  }

  readUint32(address) {
    if (!this.isReadable) this.look(address);
    return super.readUint32(address);
  }

  readUint16(address) {
    if (!this.isReadable) this.look(address);
    return super.readUint16(address);
  }

  readUint8(address) {
    if (!this.isReadable) this.look(address);
    return super.readUint8(address);
  }

  writeUint32(address, value) {
    if (address >>> 0 < XIP_REGIONS) this.need(address >>> 0 < FLASH, 'a store into the flash');
    super.writeUint32(address, value);
  }
}

export class Rom {
  // `powerLoss(what)` is called within each erase and each write, when half of it has happened.
  constructor(chip, powerLoss) {
    this.chip = chip;
    this.powerLoss = powerLoss;
    this.connected = false;
    this.calls = [
      ['IF', () => (this.connected = true)],
      ['EX', () => (chip.isReadable = false)],
      ['RE', (offset, bytes, block, command) => this.erase(offset, bytes, block, command)],
      ['RP', (offset, from, bytes) => this.program(offset, from, bytes)],
      ['FC', () => this.need(!chip.isReadable, 'the cache is flushed while the flash is read')],
    ];
    this.table();
    this.watch();
    this.hold();
  }

  need(right, wrong) {
    this.chip.need(right, wrong);
  }

  // The table of functions, and one that looks into it, as stubs that break into this file.
  table() {
    const { bootrom, core } = this.chip;
    const bytes = new DataView(bootrom.buffer);
    const half = (at, value) => bytes.setUint16(at, value, true);
    half(0x14, FUNCTIONS);
    half(0x18, STUBS | 1);
    for (let i = 0; i <= this.calls.length; i++) {
      half(STUBS + 4 * i, 0xbe00 | i); // bkpt #i
      half(STUBS + 4 * i + 2, 0x4770); // bx lr
    }
    this.calls.forEach(([name], i) => {
      half(FUNCTIONS + 4 * i, code(name));
      half(FUNCTIONS + 4 * i + 2, (STUBS + 4 * (i + 1)) | 1);
    });
    this.chip.onBreak = (number) => {
      const [r0, r1, r2, r3] = core.registers;
      if (core.PC >= FUNCTIONS) throw new Error(`a breakpoint at 0x${(core.PC - 2).toString(16)}`);
      if (number === 0) {
        this.need(r0 === FUNCTIONS, 'a table that the ROM does not have');
        const found = this.calls.findIndex(([name]) => code(name) === r1);
        core.registers[0] = found < 0 ? 0 : (STUBS + 4 * (found + 1)) | 1;
      } else this.calls[number - 1][1](r0, r1, r2, r3);
    };
  }

  // The second stage makes the flash readable by what it writes into the serial interface's registers.
  watch() {
    const ssi = this.chip.findPeripheral(XIP_REGIONS);
    const write = ssi.writeUint32.bind(ssi);
    ssi.writeUint32 = (offset, value) => {
      write(offset, value);
      const SSIENR = 0x08;
      if (offset === SSIENR) this.chip.isReadable = ssi.ssienr === 1 && ssi.spictlr0 >>> 24 !== 0;
    };
  }

  // Blocks are in reset until the program takes them out, but for the flash's pins; rp2040js has them all out.
  hold() {
    const resets = this.chip.findPeripheral(0x4000c000);
    resets.reset = 0x1ffffff & ~(1 << 6) & ~(1 << 9);
    Object.defineProperty(resets, 'reset_done', { get: () => ~resets.reset & 0x1ffffff });
  }

  change(offset, bytes, unit, what) {
    this.need(this.connected && !this.chip.isReadable, `${what} without the calls before it`);
    this.need(offset % unit === 0 && bytes % unit === 0 && bytes > 0, `${what} of a wrong range`);
    this.need(offset + bytes <= this.chip.flashSize, `${what} beyond the flash`);
  }

  erase(offset, bytes, block, command) {
    this.change(offset, bytes, SECTOR, 'erasing');
    this.need(block === BLOCK && command === 0xd8, 'erasing with a wrong block');
    for (let at = offset; at < offset + bytes; ) {
      const size = at % BLOCK === 0 && at + BLOCK <= offset + bytes ? BLOCK : SECTOR;
      this.chip.flash.fill(0xff, at, at + size / 2);
      this.powerLoss('erase');
      this.chip.flash.fill(0xff, at, at + size);
      this.chip.clock.tick(size === BLOCK ? ERASE_BLOCK : ERASE_SECTOR);
      at += size;
    }
  }

  program(offset, from, bytes) {
    this.change(offset, bytes, PAGE, 'programming');
    for (let i = 0; i < bytes; i++) {
      // It only makes zeros of ones.
      this.chip.flash[offset + i] &= this.chip.readUint8(from + i);
      if (i % PAGE === PAGE / 2) this.powerLoss('write');
      if (i % PAGE === PAGE - 1) this.chip.clock.tick(PROGRAM_PAGE);
    }
  }

  // What the ROM does after power came: it runs the first 256 bytes of the flash in RAM, if their checksum is right.
  boot() {
    const { chip } = this;
    const stage2 = chip.flash.subarray(0, 256);
    const sum = new DataView(stage2.buffer, stage2.byteOffset).getUint32(252, true);
    this.need(crc(stage2.subarray(0, 252)) === sum, 'no second stage in the flash');
    chip.sram.set(stage2, BOOT2_IN_RAM - 0x20000000);
    chip.core.SP = BOOT2_IN_RAM;
    chip.core.LR = 0;
    chip.core.PC = BOOT2_IN_RAM;
  }
}
