// The form for one sample: numbers or a raw input for each modality, typed or from a file, and a switch to leave it
// out.

import { make, find } from "./dom.js";
import { fromFile, parse, samples } from "./numbers.js";
import { photo, picture } from "./picture.js";
import { accepted, fromRawFile, fromText, isRaw } from "./raw.js";

const mostText = 20_000;

/** What the reader gives for one modality. */
class Field {
  constructor(input, place, changed) {
    Object.assign(this, { input, changed, content: null, source: "" });
    const id = `input-${place}`;
    this.switch = make("input", { type: "checkbox", id, disabled: true, change: () => this.#show(true) });
    this.file = make("input", {
      type: "file", class: "hidden", accept: accepted(input.raw), "aria-label": `File with ${input.name}`,
      change: () => this.#open(this.file.files[0]),
    });
    const isText = input.raw === "text";
    this.hint = isText ? "a text" : input.hasSteps ? "a row for each step" : "0.1, 0.2, …";
    this.text = make("textarea", {
      rows: isText ? 3 : 6, id: `${id}-text`, class: isText ? "words" : null, hidden: true, spellcheck: "false",
      autocomplete: "off", "aria-label": isText ? `Text for ${input.name}` : `Numbers of ${input.name}, as CSV or JSON`,
      "aria-describedby": `${id}-problem`, placeholder: this.hint, input: () => this.#type(),
    });
    this.picture = make("canvas", { "aria-hidden": "true", hidden: true });
    this.state = make("span", { class: "state" });
    this.opener = make("button", {
      type: "button", "aria-expanded": "false", "aria-controls": `${id}-text`, "aria-label": `Type ${input.name}`,
      click: () => this.#unfold(this.text.hidden),
    }, "Type");
    this.problem = make("p", { class: "problem", id: `${id}-problem`, role: "alert" });
    this.element = make("li", { dragover: event => event.preventDefault(), drop: event => this.#drop(event) },
      make("div", { class: "field", role: "group", "aria-labelledby": `${id}-name` },
        make("label", { class: "name", for: id }, this.switch, make("span", { id: `${id}-name` }, input.name)),
        make("p", { class: "facts note" }, input.takes, input.optional ? "" : ", needed", this.state), this.picture,
        make("div", { class: "ways" }, this.opener, make("label", { class: "button" }, "File", this.file)),
        this.text, this.problem));
  }

  /** True if the modality belongs to the request. */
  get isGiven() { return this.content !== null && this.switch.checked; }

  /** Puts numbers in. Their text is shown if it is short enough to edit. */
  put(numbers, source) {
    const isLong = numbers.data.length > mostText / 8 || this.input.raw === "text";
    this.text.value = isLong ? "" : this.#written(numbers);
    this.text.placeholder = isLong ? source : "";
    this.#take(() => samples(numbers, this.input), source);
  }

  /** Puts a raw input in. */
  #putRaw(content, source) {
    const words = content?.words ?? "";
    this.text.value = words.length > mostText ? "" : words;
    this.text.placeholder = source;
    this.#take(() => content, source);
  }

  clear() {
    this.text.value = this.file.value = "";
    this.text.placeholder = this.hint;
    this.#take(() => null, "");
  }

  /** The tensor of a sample in a request. */
  tensor(row) {
    const { input: { name, datatype }, content } = this;
    if (content.raw) return { name, ...content.raw };
    return { name, datatype, shape: [1, ...content.sizes], data: content.at(row) };
  }

  /** Draws the sample of a row anew. */
  draw(row) {
    const { count, sizes, at, bitmap, loudness } = this.content ?? {};
    this.picture.hidden = !(at ?? bitmap ?? loudness);
    if (bitmap) photo(this.picture, bitmap);
    else if (loudness) picture(this.picture, [loudness.length], loudness);
    else if (at) picture(this.picture, sizes, at(Math.min(row, count - 1)));
  }

  #written({ shape, data }) {
    const width = shape.length > 1 ? data.length / shape[0] : data.length;
    const rows = Array.from({ length: data.length / width }, (_, row) => data.slice(row * width, (row + 1) * width));
    return rows.map(row => row.map(number => number ?? "nan").join(", ")).join("\n");
  }

  #unfold(isOpen) {
    this.text.hidden = !isOpen;
    this.opener.setAttribute("aria-expanded", isOpen);
    if (!isOpen) return;
    this.text.setSelectionRange(0, 0);
    this.text.focus();
  }

  #type() {
    this.file.value = "";
    this.#take(() => {
      if (this.input.raw === "text") return fromText(this.text.value);
      const numbers = parse(this.text.value);
      return numbers && samples(numbers, this.input);
    }, "");
  }

  async #open(file) {
    if (!file) return;
    try {
      if (isRaw(file, this.input.raw)) return this.#putRaw(await fromRawFile(file, this.input.raw), file.name);
      const numbers = await fromFile(file);
      if (!numbers) throw new Error("The file is empty.");
      this.put(numbers, file.name);
    } catch (error) {
      this.#take(() => { throw error; }, file.name);
    }
  }

  #drop(event) {
    event.preventDefault();
    this.#open(event.dataTransfer.files[0]);
  }

  #take(make, source) {
    const wasGiven = this.content !== null;
    this.source = source;
    try {
      this.content = make();
      this.problem.textContent = "";
    } catch (error) {
      this.content = null;
      this.problem.textContent = (source ? `${source}: ` : "") + error.message;
    }
    if (this.content && !wasGiven) this.switch.checked = true;
    if (!this.content) this.switch.checked = false;
    this.switch.disabled = !this.content || !this.input.optional;
    this.#show(false);
  }

  #show(isSwitch) {
    const { content, input } = this;
    const parts = [this.source];
    if (content?.count > 1) parts.push(`${content.count} samples`);
    if (content?.sizes && input.hasSteps && content.sizes[0] < input.sizes[0]) parts.push(`${content.sizes[0]} steps`);
    this.state.textContent = content ? parts.filter(Boolean).join(", ") : "";
    this.element.classList.toggle("off", !this.isGiven);
    this.text.setAttribute("aria-invalid", this.problem.textContent !== "");
    this.changed(isSwitch);
  }
}

/** The form for a model. `changed` receives true if the reader has switched a modality. */
export class SampleForm {
  constructor(model, changed) {
    this.model = model;
    this.fields = model.inputs.map((input, place) => new Field(input, place, isSwitch => {
      this.refresh();
      changed(isSwitch);
    }));
    find("inputs").replaceChildren(...this.fields.map(field => field.element));
    this.refresh();
  }

  /** The number of samples that all files have, and 1 without files. */
  get count() {
    const counts = this.fields.filter(field => field.isGiven).map(field => field.content.count);
    return counts.length ? Math.min(...counts) : 1;
  }

  /** The chosen sample, from 0. */
  get row() { return Math.min(Math.max(1, Math.round(Number(find("row-number").value) || 1)), this.count) - 1; }

  /** The names of the modalities in the request. */
  get given() { return this.fields.filter(field => field.isGiven).map(field => field.input.name); }

  /** The reason why there is no request yet. It is empty if there is one. */
  get obstacle() {
    const wrong = this.fields.find(field => field.problem.textContent !== "");
    const has = this.model.inputs.some(input => input.raw) ? "content" : "numbers";
    if (wrong) return `The ${has} of ${wrong.input.name} cannot be used.`;
    if (this.given.length === 0) return `Give the ${has} of a modality first, or fill in an example.`;
    const absent = this.fields.find(field => !field.isGiven && !field.input.optional);
    return absent ? `The model needs ${absent.input.name}.` : "";
  }

  /** The request, without one modality if it is named. */
  request(without) {
    const fields = this.fields.filter(field => field.isGiven && field.input.name !== without);
    return { inputs: fields.map(field => field.tensor(this.row)), outputs: this.model.outputs.map(name => ({ name })) };
  }

  /** Puts the tensors of a request in. */
  fill(request, source) {
    for (const field of this.fields) {
      const tensor = request.inputs.find(({ name }) => name === field.input.name);
      if (tensor) field.put({ shape: tensor.shape.slice(1), data: tensor.data }, source);
    }
  }

  clear() { for (const field of this.fields) field.clear(); }

  /** Shows the chooser of samples if there are several, and the pictures of the chosen one. */
  refresh() {
    find("row").hidden = this.count < 2;
    find("row-number").max = this.count;
    find("row-count").textContent = `of ${this.count}`;
    for (const field of this.fields ?? []) field.draw(this.row);
  }
}
