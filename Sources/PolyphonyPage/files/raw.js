// Raw inputs: a text that a reader types, and the bytes of a file with a sound, a picture or a clip.

/** What a model takes in place of numbers, by the protocol's word, and the files that have it. */
const kinds = {
  text: ["a text", ".txt"], image: ["a picture", "image/*,.ppm"], audio: ["a sound", "audio/*"],
  video: ["a clip", "video/*"],
};

/** The most bytes of a file. A request has them in base64, and the service takes 64 MiB. */
const most = 40 * 2 ** 20;

/** The words for a raw input. */
export const rawForm = content => kinds[content][0];

/** The files that a field takes, as the attribute `accept` has them. */
export const accepted = (content = "text") => `${kinds[content][1]},.csv,.tsv,.json,.npy`;

/** True for a file that is a raw input. Files of numbers have names of their own. */
export const isRaw = (file, content) => content !== undefined && !/\.(csv|tsv|json|npy)$/i.test(file.name);

/** A text as a sample. It is null for an empty one. */
export const fromText = words =>
  words.trim() === "" ? null : { count: 1, words, raw: { datatype: "BYTES", shape: [1], data: [words] } };

/** A file as a sample, with a picture of it where the browser can read it. */
export async function fromRawFile(file, content) {
  if (file.size === 0) throw new Error("The file is empty.");
  if (file.size > most) throw new Error("The file has more than 40 MiB, and the service does not take it.");
  if (content === "text") return fromText(await file.text());
  const raw = { datatype: "BYTES", shape: [1], parameters: { content_type: "base64" }, data: [await base64(file)] };
  const bitmap = content === "image" ? await createImageBitmap(file).catch(() => null) : null;
  const loudness = content === "audio" ? await envelope(file).catch(() => null) : null;
  return { count: 1, raw, bitmap, loudness };
}

function base64(file) {
  return new Promise((done, fail) => {
    const reader = new FileReader();
    reader.addEventListener("load", () => done(reader.result.slice(reader.result.indexOf(",") + 1)));
    reader.addEventListener("error", () => fail(new Error("The file cannot be read.")));
    reader.readAsDataURL(file);
  });
}

/** The loudest value in each of some parts of a sound. */
async function envelope(file) {
  const sound = await new OfflineAudioContext(1, 1, 16_000).decodeAudioData(await file.arrayBuffer());
  const values = sound.getChannelData(0);
  const parts = Math.min(160, values.length);
  return Array.from({ length: parts }, (_, part) => {
    let loudest = 0;
    const end = Math.floor((part + 1) * values.length / parts);
    for (let at = Math.floor(part * values.length / parts); at < end; at++) {
      loudest = Math.max(loudest, Math.abs(values[at]));
    }
    return loudest;
  });
}
