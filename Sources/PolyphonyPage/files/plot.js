// A line chart over the last minutes, drawn as SVG.

import { draw, make, short } from "./dom.js";

const [width, height] = [340, 150];
const [left, right, top, bottom] = [36, 5, 8, 20];

/** The smallest round number that is not below a number: 1, 2 or 5 times a power of ten. */
function round(number) {
  if (!(number > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(number));
  return [1, 2, 5, 10].map(step => step * power).find(step => step >= number * 0.999);
}

/**
 * Draws series of values, the newest one at the right end.
 * @param series name, values (null for none), and what is said of the newest value
 * @param places the number of values that have space
 * @param span the time from the left to the right end, in words
 * @param scale the factor of the numbers at the axis
 */
export function plot(title, series, places, span, scale = 1) {
  const known = series.flatMap(({ values }) => values.filter(value => value !== null));
  const most = round(Math.max(...known, 0) * scale);
  const x = (values, place) => width - right - (values.length - 1 - place) * (width - left - right) / (places - 1);
  const y = value => height - bottom - value * scale / most * (height - top - bottom);
  const end = { "text-anchor": "end" };
  const grid = [0, 0.5, 1].map(share => {
    const at = y(share * most / scale);
    return draw("g", {}, draw("line", { class: share ? "grid" : "axis", x1: left, x2: width - right, y1: at, y2: at }),
      draw("text", { x: left - 6, y: at + 4, ...end }, short(share * most)));
  });
  const lines = series.map(({ values, colour }) => draw("g", { class: `s${colour % 8}` },
    draw("path", { d: path(values, place => x(values, place), y) }),
    ...lonely(values).map(place => draw("circle", { cx: x(values, place), cy: y(values[place]), r: 2.5 }))));
  const said = series.map(({ name, latest }) => `${name} ${latest}`).join(", ");
  const frame = { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `${title}: ${said}` };
  const legend = series.map(({ name, latest, colour }) =>
    make("span", { class: `key s${colour % 8}` }, name, " ", make("b", {}, latest)));
  const keys = make("span", { class: "keys", "aria-hidden": "true" }, ...legend);
  return make("figure", {}, make("figcaption", {}, make("strong", {}, title), keys),
    draw("svg", frame, ...grid, ...lines, draw("text", { x: left, y: height - 5 }, `${span} ago`),
      draw("text", { x: width - right, y: height - 5, ...end }, "now")));
}

/** The places of values without neighbours, which a line would not show. */
function lonely(values) {
  const isThere = place => (values[place] ?? null) !== null;
  return [...values.keys()].filter(place => isThere(place) && !isThere(place - 1) && !isThere(place + 1));
}

function path(values, x, y) {
  let isDrawing = false;
  return values.map((value, place) => {
    const step = value === null ? "" : `${isDrawing ? "L" : "M"}${x(place).toFixed(1)} ${y(value).toFixed(1)}`;
    isDrawing = value !== null;
    return step;
  }).join("");
}
