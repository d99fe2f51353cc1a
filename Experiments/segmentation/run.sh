#!/usr/bin/env bash
# Segmentation of lesions in four MR contrasts, five seeds: the tables of RESULTS.md beside this file.
#
#   Experiments/segmentation/run.sh OUTPUT OPEN-MS
#
# OPEN-MS is the data set's folder. The same command goes on where it was stopped. POLYPHONY names the program, THREADS
# the threads of each run, PARTS a selection of the parts.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
program=$(realpath "${POLYPHONY:-.build/release/polyphony}")
output=${1:?usage: run.sh OUTPUT OPEN-MS}
data=$(realpath "${2:?usage: run.sh OUTPUT OPEN-MS}")
mkdir -p "$output"
cd "$output"
ln -sfn "$data" open-ms
threads=(--threads "${THREADS:-0}")

for part in ${PARTS:-complete shifts missing balancing}; do
  case $part in
  complete | shifts)
    "$program" train --data open-ms --architecture unet --output source --seeds 5 --resume "${threads[@]}" >/dev/null
    ;;&
  complete) "$program" evaluate --model source --data open-ms --json "${threads[@]}" >complete.json ;;
  shifts)
    [ -s shifts.json ] || "$program" evaluate --model source --data open-ms --shift gamma:3,bias:3,noise:3,gain:3 \
      --adapt source,inputs,norm,tent,casp --json "${threads[@]}" >shifts.part
    [ -s shifts.json ] || mv shifts.part shifts.json
    ;;
  missing | balancing) "$program" compare "$here/$part.yaml" --output "runs/$part" "${threads[@]}" ;;
  *)
    echo "unknown part: $part (complete, shifts, missing, balancing)" >&2
    exit 64
    ;;
  esac
done
python3 "$here/tables.py" .
