// The models of the service. If there are several, the reader chooses one.

import { make } from "./dom.js";
import { summary } from "./model.js";

/**
 * Shows the models.
 * @param entries name, state, reason and, if it is loaded, the model's description
 * @param chosen the name of the chosen model
 * @param choose receives another name
 */
export function showModels(place, entries, chosen, choose) {
  place.replaceChildren(
    make("div", { role: entries.length > 1 ? "radiogroup" : null, "aria-label": "Models" }, ...entries.map(row)));

  function row({ name, model, reason }) {
    const radio = entries.length > 1 && make("input", {
      type: "radio", name: "model", value: name, checked: name === chosen, disabled: !model, change: () => choose(name),
    });
    const about = model ? summary(model) : `not loaded: ${reason || "no reason is known"}`;
    return make(radio ? "label" : "div", { class: "model" }, radio,
      make("span", {}, make("strong", {}, name), " ", make("span", { class: "note" }, about)));
  }
}

/** Shows inputs and outputs of a model as a table. */
export function showShapes(model) {
  const rows = model.inputs.map(input => make("tr", {},
    make("th", { scope: "row" }, input.name), make("td", {}, input.takes), make("td", {}, input.datatype),
    make("td", {}, input.optional ? "optional" : "needed")));
  const heads = ["input", "a sample", "type", "presence"];
  return make("div", { class: "box", tabindex: "0", role: "region", "aria-label": "Inputs" }, make("table", {},
    make("thead", {}, make("tr", {}, ...heads.map(head => make("th", { scope: "col" }, head)))),
    make("tbody", {}, ...rows)));
}
