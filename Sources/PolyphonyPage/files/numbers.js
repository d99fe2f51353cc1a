// Numbers as people have them: pasted or typed as JSON or CSV, or a file of NumPy. They become a shape and a flat list.

/** Reads JSON, CSV, or numbers between spaces. Empty cells become null. */
export function parse(text) {
  const trimmed = text.trim();
  if (trimmed === "") return null;
  return trimmed.startsWith("[") ? fromJSON(trimmed) : fromTable(trimmed);
}

function fromJSON(text) {
  let list;
  try {
    list = JSON.parse(text.replace(/\bNaN\b/g, "null"));
  } catch (error) {
    throw new Error(`This is no JSON: ${error.message}`);
  }
  const [shape, data] = [[], []];
  const walk = (part, depth) => {
    if (!Array.isArray(part)) {
      const isCell = depth === shape.length && (part === null || typeof part === "number");
      if (!isCell) throw new Error("Lists of numbers with one shape are needed.");
      data.push(part);
      return;
    }
    if (data.length === 0 && depth === shape.length) shape.push(part.length);
    if (part.length !== shape[depth]) throw new Error("The lists have different lengths.");
    for (const inner of part) walk(inner, depth + 1);
  };
  walk(list, 0);
  return { shape, data };
}

function fromTable(text) {
  const lines = text.split(/\r?\n/).filter(line => line.trim() !== "");
  const mark = [";", "\t", ","].find(mark => lines[0].includes(mark));
  const rows = lines.map(line => (mark ? line.split(mark) : line.trim().split(/\s+/)).map(cell => cell.trim()));
  const isNumber = cell => /^$|^nan$/i.test(cell) || Number.isFinite(Number(cell));
  // A first row of names is the head of a table.
  if (rows.length > 1 && !rows[0].some(isNumber)) rows.shift();
  const width = rows[0].length;
  const data = rows.flatMap((row, place) => {
    if (row.length !== width) {
      throw new Error(`Row ${place + 1} has ${row.length} numbers, and the first one has ${width}.`);
    }
    return row.map(cell => {
      if (!isNumber(cell)) throw new Error(`“${cell.slice(0, 40)}” in row ${place + 1} is no number.`);
      return /^$|^nan$/i.test(cell) ? null : Number(cell);
    });
  });
  return { shape: rows.length === 1 ? [width] : [rows.length, width], data };
}

const halves = bits => {
  const [sign, exponent, fraction] = [bits & 0x8000 ? -1 : 1, bits >> 10 & 31, bits & 1023];
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return exponent === 31 ? (fraction ? NaN : sign * Infinity) : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
};

const readers = {
  f2: (view, at, little) => halves(view.getUint16(at, little)),
  f4: (view, at, little) => view.getFloat32(at, little), f8: (view, at, little) => view.getFloat64(at, little),
  i1: (view, at) => view.getInt8(at), u1: (view, at) => view.getUint8(at), b1: (view, at) => view.getUint8(at),
  i2: (view, at, little) => view.getInt16(at, little), u2: (view, at, little) => view.getUint16(at, little),
  i4: (view, at, little) => view.getInt32(at, little), u4: (view, at, little) => view.getUint32(at, little),
  i8: (view, at, little) => Number(view.getBigInt64(at, little)),
  u8: (view, at, little) => Number(view.getBigUint64(at, little)),
};

/** Reads an array that NumPy has saved (format versions 1 to 3). */
export function fromNumPy(buffer) {
  const view = new DataView(buffer);
  const isArray = buffer.byteLength > 12 && view.getUint32(0) === 0x934e554d && view.getUint16(4) === 0x5059;
  if (!isArray) throw new Error("This is no file of numpy.save.");
  const start = view.getUint8(6) === 1 ? 10 : 12;
  const end = start + (start === 10 ? view.getUint16(8, true) : view.getUint32(8, true));
  const head = new TextDecoder().decode(buffer.slice(start, end));
  const [, order, type] = head.match(/'descr':\s*'([<>|=]?)(\w+)'/) ?? [];
  const shape = (head.match(/'shape':\s*\(([^)]*)\)/)?.[1] ?? "").split(",").filter(size => size.trim()).map(Number);
  if (!readers[type]) throw new Error("The file holds no numbers of a known type.");
  if (/'fortran_order':\s*True/.test(head)) {
    throw new Error("The array is in Fortran's order; save it with numpy.ascontiguousarray.");
  }
  const [count, width] = [shape.reduce((product, size) => product * size, 1), Number(type[1])];
  if (end + count * width > buffer.byteLength) throw new Error("The file ends early.");
  const data = Array.from({ length: count }, (_, place) => {
    const number = readers[type](view, end + place * width, order !== ">");
    return Number.isFinite(number) ? number : null;
  });
  return { shape, data };
}

/** Reads a file by its content. */
export async function fromFile(file) {
  const buffer = await file.arrayBuffer();
  if (new Uint8Array(buffer, 0, Math.min(1, buffer.byteLength))[0] === 0x93) return fromNumPy(buffer);
  return parse(new TextDecoder().decode(buffer));
}

const product = sizes => sizes.reduce((left, size) => left * size, 1);

/** Cuts numbers into samples of an input. A sequence may have fewer steps than the model reads. */
export function samples({ shape, data }, input) {
  const size = product(input.sizes);
  const cut = (count, sizes) => {
    const own = product(sizes);
    return { count, sizes, at: place => data.slice(place * own, (place + 1) * own) };
  };
  if (input.hasSteps) {
    const step = product(input.sizes.slice(1));
    const isOne = shape.length <= input.sizes.length && data.length % step === 0 && data.length <= size;
    if (isOne && data.length > 0) return cut(1, [data.length / step, ...input.sizes.slice(1)]);
    const [count, steps] = shape;
    const hasForm = shape.length === input.sizes.length + 1 && product(shape.slice(2)) === step;
    const isMany = hasForm && count > 0 && steps > 0 && steps <= input.sizes[0];
    if (isMany) return cut(count, [steps, ...input.sizes.slice(1)]);
  } else if (data.length > 0 && data.length % size === 0 && (data.length === size || shape[0] === data.length / size)) {
    return cut(data.length / size, input.sizes);
  }
  throw new Error(`${shape.join(" × ")} numbers are here. A sample has ${input.form}.`);
}
