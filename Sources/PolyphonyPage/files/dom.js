// Elements are made here alone. Every text becomes a text node, so no name of a model or a label can become markup.

const drawing = "http://www.w3.org/2000/svg";

function fill(node, attributes, content) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    if (typeof value === "function") node.addEventListener(name, value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...content.flat().filter(part => part !== null && part !== undefined && part !== false));
  return node;
}

/** Makes an element with attributes, listeners and content. */
export const make = (name, attributes = {}, ...content) => fill(document.createElement(name), attributes, content);

/** Makes an element of a drawing. */
export const draw = (name, attributes = {}, ...content) =>
  fill(document.createElementNS(drawing, name), attributes, content);

/** The element of the page with an id. */
export const find = id => document.getElementById(id);

/** A number in words for readers: few digits, and no exponent where none is needed. */
export function short(number) {
  if (number === null || !Number.isFinite(number)) return "–";
  const size = Math.abs(number);
  if (size !== 0 && (size >= 1e6 || size < 1e-3)) return number.toExponential(1).replace("-", "−");
  const text = size >= 100 ? number.toFixed(0) : size >= 10 ? number.toFixed(1) : number.toFixed(size >= 1 ? 2 : 3);
  return (text.includes(".") ? text.replace(/\.?0+$/, "") : text).replace("-", "−");
}

/** A probability in words. One that is not quite certain does not look so. */
export function percent(share) {
  const text = (share * 100).toFixed(1);
  if (share < 1 && text === "100.0") return "> 99.9 %";
  if (share > 0 && text === "0.0") return "< 0.1 %";
  return `${text} %`;
}
