// The page: it asks the service for its models, and lets readers try one and watch it.

import { command, headline, scores, showAnswer, showContributions, topPlace } from "./answer.js";
import { find, make, percent } from "./dom.js";
import { SampleForm } from "./form.js";
import { Live } from "./live.js";
import { describe } from "./model.js";
import { showModels, showShapes } from "./models.js";
import { ask, hasToken, isReady, modelPath, useToken } from "./service.js";

let entries = [];
let model = null;
let form = null;
let hasAnswer = false;
/** Counts predictions, so that a late answer to an earlier one is not shown. */
let turn = 0;

function say(id, text) { if (find(id).textContent !== text) find(id).textContent = text; }

/** Shows a refusal where it belongs: a missing token asks for one. */
function fail(error, place = "trouble") {
  if (error?.status === 401) {
    find("entry").hidden = false;
    find("content").hidden = find("links").hidden = true;
    say("server", "a token is needed");
    say("token-problem", hasToken() ? "The service does not know this token." : "");
    find("token").focus();
    return;
  }
  say(place, error ? error.message : "");
}

async function load() {
  try {
    const [server, index] = await Promise.all([ask("v2"), ask("v2/repository/index", {})]);
    entries = await Promise.all(index.map(async ({ name, state, reason }) => {
      const metadata = state === "READY" ? await ask(modelPath(name)).catch(() => null) : null;
      return { name, reason, model: metadata && describe(metadata) };
    }));
    find("entry").hidden = true;
    find("content").hidden = false;
    say("trouble", "");
    find("server").dataset.version = server.version;
    await showState();
    choose(entries.find(entry => entry.model)?.name);
  } catch (error) {
    fail(error);
  }
}

async function showState() {
  const state = await isReady();
  const words = state === null ? "no answer" : state ? "ready" : "not ready";
  find("server").dataset.state = words;
  say("server", [find("server").dataset.version, words].filter(Boolean).join(" · "));
}

function choose(name) {
  model = entries.find(entry => entry.name === name)?.model ?? null;
  const hadFocus = find("models").contains(document.activeElement);
  showModels(find("models"), entries, name, choose);
  if (hadFocus) find("models").querySelector(":checked")?.focus();
  find("try").hidden = !model;
  forget();
  if (!model) return;
  find("models").append(make("details", {}, make("summary", {}, "Inputs"), showShapes(model)));
  form = new SampleForm(model, isSwitch => {
    if (isSwitch && hasAnswer) predict();
    else find("answer").classList.toggle("old", hasAnswer);
  });
  live.show(name);
}

/** Takes the answer away, and also one that is on its way. */
function forget() {
  turn++;
  hasAnswer = false;
  find("answer").classList.remove("old");
  find("answer").removeAttribute("aria-busy");
  find("answer").replaceChildren(make("p", { class: "note" }, "The answer appears here."));
}

async function predict() {
  const own = ++turn;
  const isLatest = () => own === turn;
  if (form.obstacle) return refuse(form.obstacle);
  const [address, given, asked] = [`${modelPath(model.name)}/infer`, form.given, model];
  find("answer").classList.remove("old");
  find("answer").setAttribute("aria-busy", "true");
  try {
    const request = form.request();
    // A sample needs a modality, so the last one cannot be left out.
    const isOptional = name => asked.inputs.find(input => input.name === name).optional;
    const names = given.length > 1 ? given.filter(isOptional) : [];
    const requests = names.map(name => form.request(name));
    const response = await ask(address, request);
    if (!isLatest()) return;
    const remark = names.length ? "Leaving out one modality after another …" : noContributions(asked, given);
    const rest = make("div", {}, make("p", { class: "note" }, remark));
    find("answer").replaceChildren(
      ...showAnswer(asked, response, given).filter(Boolean), rest, showCommand(address, request));
    hasAnswer = true;
    bringIntoView();
    const answers = await Promise.all(requests.map(request => ask(address, request)));
    if (!isLatest()) return;
    const byName = new Map(names.map((name, place) => [name, answers[place]]));
    if (names.length) rest.replaceChildren(showContributions(asked, response, byName));
    say("spoken", sentence(asked, response));
  } catch (error) {
    if (isLatest()) error.status === 401 ? fail(error) : refuse(error.message);
  } finally {
    if (isLatest()) find("answer").removeAttribute("aria-busy");
  }
}

function refuse(text) {
  forget();
  find("answer").replaceChildren(make("p", { class: "problem", role: "alert" }, text));
  bringIntoView();
}

function sentence(model, response) {
  const numbers = scores(model, response);
  const certainty = model.task === "classification" ? `, with ${percent(numbers[topPlace(model, numbers)])}` : "";
  return `The answer is ${headline(model, response)}${certainty}.`;
}

function noContributions(model, given) {
  return given.length === 1 && model.inputs.some(input => input.optional)
    ? "A single modality is there. With two or more, their contributions are shown."
    : "This model needs every modality, so none can be left out. An adapter for missing modalities can change that.";
}

/** The request as a command, made when the reader opens it. */
function showCommand(address, request) {
  const place = make("pre", { tabindex: "0", role: "region", "aria-label": "Command" });
  const fill = () => { place.textContent = command(new URL(address, document.baseURI), request, hasToken()); };
  return make("details", { toggle: fill }, make("summary", {}, "This request for a terminal"), place);
}

/** On a telephone the answer is below the form. */
function bringIntoView() {
  const box = find("answer").getBoundingClientRect();
  const behavior = matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth";
  if (box.top > innerHeight * 0.8) find("answer").scrollIntoView({ behavior, block: "start" });
}

find("entry").addEventListener("submit", event => {
  event.preventDefault();
  useToken(find("token").value.trim());
  find("token").value = "";
  load();
});
find("sample").addEventListener("submit", event => {
  event.preventDefault();
  predict();
});
find("sample").addEventListener("keydown", event => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) predict();
});
find("example").addEventListener("click", async () => {
  try {
    form.fill(await ask(`${modelPath(model.name)}/example`), "example");
  } catch (error) {
    error.status === 401 ? fail(error) : refuse(error.message);
  }
});
find("clear").addEventListener("click", () => {
  form.clear();
  forget();
});
find("row-number").addEventListener("input", () => {
  form.refresh();
  if (hasAnswer) predict();
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => form?.refresh());

const live = new Live(error => {
  fail(error);
  showState();
});
load();
