// The answer to a sample, and the contribution of each modality to it.

import { make, percent, short } from "./dom.js";
import { placeName } from "./model.js";
import { picture } from "./picture.js";

/** The most rows that are shown at once, and the most that can be chosen from. */
const [mostRows, mostChoices] = [5, 500];

const output = (response, name) => response.outputs.find(output => output.name === name);

const isShare = model => model.scores === "probability" || model.task === "segmentation";

/** The numbers that an answer is shown by: probabilities, values, or the shares of a map that the classes have. */
export function scores(model, response) {
  const { shape, data } = output(response, model.scores);
  if (model.task !== "segmentation") return data;
  const map = classMap(shape, data);
  const counts = Array(shape[1]).fill(0);
  for (const place of map) counts[place] += 1 / map.length;
  return counts;
}

/** The likeliest class of each place of an image or a volume. */
function classMap([, classes, ...sizes], data) {
  const pixels = sizes.reduce((product, size) => product * size, 1);
  return Array.from({ length: pixels }, (_, pixel) => {
    let best = 0;
    for (let other = 1; other < classes; other++) {
      if (data[other * pixels + pixel] > data[best * pixels + pixel]) best = other;
    }
    return best;
  });
}

function drawnMap(model, response) {
  const { shape, data } = output(response, model.scores);
  const [rows, columns] = shape.slice(-2);
  // Of a volume, the slice in the middle is drawn.
  const slices = shape.length > 4 ? shape[2] : 1;
  const start = Math.floor(slices / 2) * rows * columns;
  const part = slices > 1 ? " in the slice in the middle" : "";
  const about = `The class of each pixel${part}: the lower its number, the paler`;
  const canvas = make("canvas", { role: "img", "aria-label": about });
  picture(canvas, [rows, columns], classMap(shape, data).slice(start, start + rows * columns));
  return canvas;
}

const written = (model, number) => (isShare(model) ? percent(number) : short(number));

/** The answer in a few words. */
export function headline(model, response) {
  if (model.task === "segmentation") return "a map of classes";
  const label = output(response, "label")?.data[0];
  if (label !== undefined) return label === "" ? "no label" : label;
  const values = scores(model, response);
  if (values.length === 1) return short(values[0]);
  return values.map((value, place) => `${placeName(model, place)} ${short(value)}`).join(", ");
}

/** The place of the number that matters most: the likeliest class, or the first value. */
export const topPlace = (model, numbers) => (isShare(model) ? numbers.indexOf(Math.max(...numbers)) : 0);

/** Shows the answer. */
export function showAnswer(model, response, given) {
  const numbers = scores(model, response);
  const top = topPlace(model, numbers);
  const certainty = model.task === "classification" ? `probability ${percent(numbers[top])}, ` : "";
  const absent = model.inputs.map(input => input.name).filter(name => !given.includes(name));
  const source = absent.length === 0 ? "with all modalities" : `without ${absent.join(", ")}`;
  const isList = model.task === "regression" && numbers.length > 1;
  const words = isList ? `${numbers.length} values` : headline(model, response);
  return [
    make("p", { class: words.length > 16 ? "headline long" : "headline" }, words),
    make("p", { class: "note" }, certainty + source), model.task === "segmentation" && drawnMap(model, response),
    numbers.length > 1 && numberTable(model, numbers),
  ];
}

function numberTable(model, numbers) {
  const order = numbers.map((_, place) => place);
  if (isShare(model)) order.sort((left, right) => numbers[right] - numbers[left]);
  const row = place => make("tr", {}, make("th", { scope: "row" }, placeName(model, place)),
    isShare(model) && make("td", { class: "bar", "aria-hidden": "true" },
      numbers[place] >= 0.001 && bar(0, numbers[place])),
    make("td", { class: "n" }, written(model, numbers[place])));
  const table = rows => make("table", { class: "bars" }, make("tbody", {}, ...rows.map(row)));
  const title = model.task === "segmentation" ? "Shares of the map" : isShare(model) ? "Probabilities" : "Values";
  const more = order.length > mostRows && make("details", {},
    make("summary", {}, `${order.length - mostRows} more`), table(order.slice(mostRows, mostChoices)));
  return make("div", {}, make("h3", {}, title), table(order.slice(0, mostRows)), more);
}

/** A bar from a start to an end, both as shares of the width. */
function bar(start, end, kind = "") {
  const mark = make("span", { class: kind });
  mark.style.left = `${100 * Math.min(start, end)}%`;
  mark.style.width = `${100 * Math.abs(end - start)}%`;
  return mark;
}

/**
 * Shows how much each modality contributes: the number with it minus the number without it.
 * @param answers the responses without each modality, by its name
 */
export function showContributions(model, response, answers) {
  const numbers = scores(model, response);
  const answer = headline(model, response);
  const body = make("tbody");
  const isPoints = isShare(model);
  const show = place => {
    const rows = [...answers].map(([name, other]) => ({
      name, change: numbers[place] - scores(model, other)[place], other: headline(model, other),
    }));
    rows.sort((left, right) => Math.abs(right.change) - Math.abs(left.change));
    const most = Math.max(...rows.map(row => Math.abs(row.change)), 1e-12);
    body.replaceChildren(...rows.map(({ name, change, other }) => make("tr", {},
      make("th", { scope: "row" }, name),
      make("td", { class: "bar middle", "aria-hidden": "true" },
        bar(0.5, 0.5 + change / most / 2, change < 0 ? "less" : "")),
      make("td", { class: "n" }, signed(change * (isPoints ? 100 : 1), isPoints),
        model.task === "classification" && other !== answer && make("small", {}, `without: ${other}`)))));
  };
  const top = topPlace(model, numbers);
  show(top);
  const options = numbers.slice(0, mostChoices).map((_, place) =>
    make("option", { value: place, selected: place === top }, placeName(model, place)));
  const choose = event => show(Number(event.target.value));
  const choice = numbers.length > 1 && make("select", { id: "focus", change: choose }, ...options);
  const about = isPoints
    ? "How many percentage points are lost when a request leaves the modality out. Below 0 they are gained."
    : "The value with the modality minus the value when a request leaves it out.";
  return make("div", {},
    make("h3", { class: "row" },
      choice ? make("label", { for: "focus" }, "Contributions to") : "Contributions", choice),
    make("table", { class: "bars" }, body), make("p", { class: "note" }, about));
}

function signed(number, isPoints) {
  const text = isPoints ? Math.abs(number).toFixed(1) : short(Math.abs(number));
  return `${Number(text.replace("−", "")) === 0 ? "" : number < 0 ? "−" : "+"}${text}`;
}

/** A request as a command for a terminal. */
export function command(address, request, hasToken) {
  const body = JSON.stringify(request).replaceAll("'", "'\\''");
  if (body.length > 100_000) return "The request is too long to show.";
  return `curl ${address}${hasToken ? " -H \"Authorization: Bearer $TOKEN\"" : ""} -d '${body}'`;
}
