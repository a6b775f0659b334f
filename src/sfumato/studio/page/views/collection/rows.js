// A long list that is read in pieces, as they come into view.
import { signal } from "../../html.js";
import { failed } from "../../parts/index.js";

const PIECE = 100;
const MOST = 500; // rows in one answer

// read(offset, limit) resolves with {total, rows}. `changed` counts: who draws rows reads it, and is drawn anew.
export class Rows {
  constructor(read) {
    this.read = read;
    this.total = signal(null);
    this.changed = signal(0);
    this.pieces = new Map(); // number: {rows, reading, age}
    this.age = 0;
  }

  // The row at a place, or null while it is not known.
  at(index) {
    return this.pieces.get(Math.floor(index / PIECE))?.rows?.[index % PIECE] ?? null;
  }

  // What a row has become since it was taken; itself where it is not read any more.
  fresh(row) {
    for (const piece of this.pieces.values()) {
      const found = piece.rows?.find((one) => one.sha256 === row.sha256);
      if (found) return found;
    }
    return row;
  }

  // Reads what lies between two places, the second not among them, and resolves when it is there.
  need(from, to) {
    const last = Math.max(from, Math.min(to, this.total.peek() ?? to) - 1);
    const wanted = [];
    for (let number = Math.floor(from / PIECE); number <= Math.floor(last / PIECE); number += 1) wanted.push(this.piece(number));
    return Promise.all(wanted);
  }

  piece(number) {
    const known = this.pieces.get(number) ?? { rows: null, reading: null, age: -1 };
    this.pieces.set(number, known);
    if (known.age === this.age) return known.reading;
    known.age = this.age;
    known.reading = this.fill(number, known, this.age);
    return known.reading;
  }

  async fill(number, piece, age) {
    try {
      const { total, rows } = await this.read(number * PIECE, PIECE);
      if (age !== this.age) return; // it was read anew meanwhile
      piece.rows = rows;
      this.total.value = total;
      this.changed.value += 1;
    } catch (error) {
      piece.age = -1;
      failed(error);
    }
  }

  // Reads anew what is seen; until it comes, what was known stays.
  async refresh(from = 0, to = PIECE) {
    this.age += 1;
    await this.need(from, to);
    for (const [number, piece] of this.pieces) if (piece.age !== this.age) this.pieces.delete(number);
    this.changed.value += 1;
  }

  // All rows between two places; where some are not known, in few and large answers.
  async between(from, to) {
    const known = [];
    for (let index = from; index < to; index += 1) known.push(this.at(index));
    if (known.every(Boolean)) return known;
    const found = [];
    for (let at = from; at < to; at += MOST) found.push(...(await this.read(at, Math.min(MOST, to - at))).rows);
    return found;
  }
}
