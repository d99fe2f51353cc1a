// Figures over time, from the counters of /metrics in the text form of Prometheus.

/** Reads the text: by name, the lists of labels and values. */
export function parseMetrics(text) {
  const metrics = new Map();
  for (const line of text.split("\n")) {
    const [, name, list, value] = line.match(/^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/) ?? [];
    if (!name) continue;
    const labels = {};
    for (const [, key, content] of (list ?? "").matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)) {
      labels[key] = content.replace(/\\(.)/g, (_, sign) => (sign === "n" ? "\n" : sign));
    }
    if (!metrics.has(name)) metrics.set(name, []);
    metrics.get(name).push({ labels, value: Number(value) });
  }
  return metrics;
}

/** The values of a metric for a model, by another label if one is named. */
function values(metrics, name, model, key) {
  const own = (metrics.get(name) ?? []).filter(({ labels }) => labels.model === model);
  return new Map(own.map(({ labels, value }) => [key ? labels[key] : "", value]));
}

/** A share of requests below a time: the bound is interpolated in its bucket. */
function quantile(buckets, share) {
  const total = buckets.at(-1)?.[1] ?? 0;
  if (total === 0) return null;
  const place = buckets.findIndex(([, count]) => count >= share * total);
  const [low, below] = place > 0 ? buckets[place - 1] : [0, 0];
  const [high, count] = buckets[place];
  return high === Infinity ? low : low + (high - low) * (share * total - below) / Math.max(1e-9, count - below);
}

/** What happened between two readings, for one model. A figure without samples is null. */
export function change(before, after, seconds, model) {
  const difference = (name, key) => {
    const old = values(before, name, model, key);
    const rise = ([label, value]) => [label, Math.max(0, value - (old.get(label) ?? 0))];
    return new Map([...values(after, name, model, key)].map(rise));
  };
  const count = name => difference(name).get("") ?? 0;
  const samples = count("nv_inference_count");
  const passes = count("nv_inference_exec_count");
  const buckets = [...difference("polyphony_request_duration_seconds_bucket", "le")]
    .map(([bound, number]) => [bound === "+Inf" ? Infinity : Number(bound), number]);
  const missing = [...difference("polyphony_samples_missing_total", "modality")];
  return {
    answered: count("nv_inference_request_success") / seconds,
    refused: count("nv_inference_request_failure") / seconds,
    median: quantile(buckets, 0.5), slow: quantile(buckets, 0.99),
    batch: passes > 0 ? samples / passes : null,
    missing: new Map(missing.map(([name, number]) => [name, samples > 0 ? number / samples : null])),
    drift: values(after, "polyphony_input_drift", model, "modality"),
  };
}
