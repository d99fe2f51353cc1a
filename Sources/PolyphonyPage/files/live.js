// Plots of the last five minutes of a model: requests, time, batches, missing modalities and drift.

import { find, short } from "./dom.js";
import { change, parseMetrics } from "./metrics.js";
import { plot } from "./plot.js";
import { read } from "./service.js";

/** Milliseconds between two readings, the most readings, and the readings that a point covers. */
const [period, places, width] = [2000, 150, 5];

/** Reads the metrics again and again, and draws them. It rests while the page is hidden or the reader has paused it. */
export class Live {
  #readings = [];
  #model = "";
  #timer = null;
  #isPaused = false;

  constructor(trouble) {
    this.trouble = trouble;
    find("pause").addEventListener("click", () => this.#pause());
    document.addEventListener("visibilitychange", () => this.#schedule());
  }

  /** Shows the figures of a model from now on. The readings hold those of all models. */
  show(model) {
    this.#model = model;
    this.#draw();
    if (this.#timer === null && !this.#isPaused) this.#read();
  }

  #pause() {
    this.#isPaused = !this.#isPaused;
    find("pause").setAttribute("aria-pressed", this.#isPaused);
    this.#schedule();
  }

  #schedule() {
    clearTimeout(this.#timer);
    this.#timer = null;
    if (!this.#isPaused && !document.hidden && this.#model) this.#timer = setTimeout(() => this.#read(), period);
  }

  async #read() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    try {
      this.#readings.push({ time: performance.now(), metrics: parseMetrics(await read("metrics")) });
      this.#readings = this.#readings.slice(-places - 1);
      this.#draw();
      this.trouble(null);
    } catch (error) {
      this.trouble(error);
    }
    this.#schedule();
  }

  /** The figures of the readings before one. After a pause nobody knows when the requests came. */
  #change(reading, place) {
    const readings = this.#readings;
    const isClose = (before, after) => after.time - before.time < 4 * period;
    if (!isClose(readings[place], reading)) return null;
    let start = place;
    while (start > Math.max(0, place + 1 - width) && isClose(readings[start - 1], readings[start])) start--;
    const seconds = (reading.time - readings[start].time) / 1000;
    return change(readings[start].metrics, reading.metrics, seconds, this.#model);
  }

  #draw() {
    const changes = this.#readings.slice(1).map((reading, place) => this.#change(reading, place));
    const one = (name, key, colour, word = short) => {
      const values = changes.map(step => step?.[key] ?? null);
      return { name, colour, values, latest: latest(values, word) };
    };
    const each = (key, word) => [...(changes.findLast(Boolean)?.[key].keys() ?? [])].slice(0, 8).map((name, colour) => {
      const values = changes.map(step => step?.[key].get(name) ?? null);
      return { name, colour, values, latest: latest(values, word) };
    });
    const time = seconds => `${short(seconds * 1000)} ms`;
    const share = number => `${Math.round(number * 100)} %`;
    const shown = Math.min(places, Math.max(30, changes.length));
    const seconds = shown * period / 1000;
    const span = seconds < 120 ? `${seconds} s` : `${(seconds / 60).toFixed(1).replace(".0", "")} min`;
    const refused = one("refused", "refused", 1);
    const charts = [
      ["Requests a second", [one("answered", "answered", 0), ...(refused.values.some(Boolean) ? [refused] : [])]],
      ["Time to answer in ms", [one("median", "median", 0, time), one("99th percentile", "slow", 1, time)], 1000],
      ["Samples a pass", [one("mean", "batch", 0)]],
      ["Samples without a modality in %", each("missing", share), 100],
      ["Drift in standard deviations", each("drift", short)],
    ];
    const isAdapting = charts.at(-1)[1].length > 0;
    find("plots").replaceChildren(...charts.filter(([, series]) => series.length > 0)
      .map(([title, series, scale]) => plot(title, series, shown, span, scale)));
    find("live-note").textContent = "All requests of all clients to this model. A point covers ten seconds."
      + (isAdapting ? " The drift is that of the latest batch of a stream." : "");
  }
}

/** The newest value that there is, in words. */
function latest(values, word) {
  const value = values.findLast(value => value !== null);
  return value === undefined ? "–" : word(value);
}
