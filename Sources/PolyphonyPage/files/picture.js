// Small pictures of samples: a sequence as a map of steps by features, a vector as bars, an image as it is.

const most = 160;

/** Draws a sample on a canvas in the colour of the text. */
export function picture(canvas, sizes, data) {
  const isMap = sizes.length === 2 && sizes[0] > 1;
  const grid = sizes.length === 3 ? image(sizes, data) : isMap ? map(sizes, data) : bars(data);
  [canvas.width, canvas.height] = [grid.width, grid.height];
  canvas.dataset.form = grid.form;
  canvas.getContext("2d").putImageData(new ImageData(grid.pixels, grid.width, grid.height), 0, 0);
}

/** Draws a picture that the browser has read. */
export function photo(canvas, bitmap) {
  const scale = Math.min(1, most / Math.max(bitmap.width, bitmap.height));
  [canvas.width, canvas.height] = [bitmap.width, bitmap.height].map(side => Math.max(1, Math.round(side * scale)));
  canvas.dataset.form = "photo";
  canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width, canvas.height);
}

const range = data => {
  let [low, high] = [Infinity, -Infinity];
  for (const number of data) if (number !== null) [low, high] = [Math.min(low, number), Math.max(high, number)];
  return { low, scale: high > low ? 1 / (high - low) : 0 };
};

function ink() {
  const [red, green, blue] = getComputedStyle(document.body).color.match(/[\d.]+/g).map(Number);
  return (pixels, place, share) => pixels.set([red, green, blue, Math.round(255 * share)], place * 4);
}

function map([steps, features], data) {
  const [height, width] = [Math.min(steps, most), Math.min(features, most)];
  const [pixels, paint, { low, scale }] = [new Uint8ClampedArray(height * width * 4), ink(), range(data)];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const number = data[Math.floor(y * steps / height) * features + Math.floor(x * features / width)];
      paint(pixels, y * width + x, number === null ? 0 : 0.04 + 0.92 * (number - low) * scale);
    }
  }
  return { pixels, width, height, form: "map" };
}

function bars(data) {
  const [width, height] = [Math.min(data.length, most), 32];
  const [pixels, paint, { low, scale }] = [new Uint8ClampedArray(height * width * 4), ink(), range(data)];
  for (let x = 0; x < width; x++) {
    const part = data.slice(Math.floor(x * data.length / width), Math.floor((x + 1) * data.length / width));
    const top = Math.max(...part.map(number => number === null ? 0 : (number - low) * scale));
    for (let y = 0; y < height; y++) paint(pixels, y * width + x, height - 1 - y <= top * (height - 1) ? 0.6 : 0);
  }
  return { pixels, width, height, form: "bars" };
}

function image([channels, rows, columns], data) {
  const [height, width] = [Math.min(rows, most), Math.min(columns, most)];
  const [pixels, { low, scale }] = [new Uint8ClampedArray(height * width * 4), range(data)];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = Math.floor(y * rows / height) * columns + Math.floor(x * columns / width);
      const colour = [0, 1, 2].map(channel => data[(channels >= 3 ? channel : 0) * rows * columns + at]);
      pixels.set([...colour.map(number => 255 * ((number ?? low) - low) * scale), 255], (y * width + x) * 4);
    }
  }
  return { pixels, width, height, form: "image" };
}
