// A mixture of classes as recipes have it, 'waves:0.7,"red, blue":0.3'. A plain function of a plain value.

const PIECE = /("(?:[^"]|"")*"|[^":,]+):([\d.]+)(?:,|$)/y;

// The names and their shares of the whole, [['waves', 0.7], ['red, blue', 0.3]]; null for what is no mixture.
export function mixtureOf(label) {
  const pieces = [];
  for (PIECE.lastIndex = 0; PIECE.lastIndex < label.length; ) {
    const found = PIECE.exec(label);
    if (!found) return null;
    pieces.push([plain(found[1]), Number(found[2])]);
  }
  const total = pieces.reduce((sum, [, share]) => sum + share, 0);
  return total > 0 ? pieces.map(([name, share]) => [name, share / total]) : null;
}

// A name without the quotes that it has in a mixture.
export const plain = (name) => (/^"(?:[^"]|"")*"$/.test(name) ? name.slice(1, -1).replaceAll('""', '"') : name.trim());
