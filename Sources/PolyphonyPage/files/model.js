// What the documents of the protocol say about a model, in the words of this page.

import { rawForm } from "./raw.js";

const forms = {
  sequence: ([steps, features]) => `up to ${steps} steps of ${features} numbers`,
  vector: ([features]) => (features === 1 ? "1 number" : `${features} numbers`),
  image: sizes => `${sizes.join(" × ")} numbers`,
  volume: sizes => `${sizes.join(" × ")} numbers`,
  pixels: sizes => `${sizes.join(" × ")} bytes of a picture`,
  tokens: ([steps]) => `up to ${steps} tokens`,
  waveform: ([steps]) => `up to ${steps} samples of sound`,
};

/** Reads the metadata of a model. */
export function describe(metadata) {
  const { task, architecture, adapter } = metadata.parameters ?? {};
  const inputs = metadata.inputs.filter(input => input.parameters?.kind).map(input => {
    const { kind, optional, steps } = input.parameters;
    const raw = input.parameters.raw?.content;
    const sizes = input.shape.slice(1).map(size => (size < 0 ? steps : size));
    const form = forms[kind](sizes);
    const takes = raw ? `${rawForm(raw)}, or ${form}` : form;
    const { name, datatype } = input;
    return { name, datatype, optional, sizes, form, takes, raw, hasSteps: steps !== undefined };
  });
  const names = output => metadata.outputs.find(({ name }) => name === output)?.parameters?.names;
  const outputs = metadata.outputs.map(output => output.name).filter(name => name !== "representation");
  const scores = outputs.includes("probability") ? "probability" : "prediction";
  const count = metadata.outputs.find(({ name }) => name === scores).shape[1];
  return { name: metadata.name, task, architecture, adapter, inputs, outputs, scores, count, names: names(scores) };
}

/** The name of an output's place, such as that of a class. */
export const placeName = (model, place) => model.names?.[place] ?? (model.count === 1 ? "the value" : `${place}`);

const counted = { classification: "classes", multilabel: "labels", segmentation: "classes", regression: "values" };
const tasks = { multilabel: "multi-label classification" };

/** A model in one line. */
export function summary(model) {
  const count = model.count > 1 ? `, ${model.count} ${counted[model.task] ?? "values"}` : "";
  return [`${tasks[model.task] ?? model.task}${count}`, model.architecture, model.adapter && `adapter ${model.adapter}`]
    .filter(Boolean).join(" · ");
}
