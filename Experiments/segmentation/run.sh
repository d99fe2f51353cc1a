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

for part in ${PARTS:-complete shifts missing balancing patients}; do
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
  patients)
    [ -d patients/patient-3 ] || python3 "$here/patients.py" open-ms patients
    for patient in 1 2 3; do
      "$program" train --data patients/patient-$patient --architecture unet --output left-out/source-$patient \
        --seeds 5 --resume "${threads[@]}" >/dev/null
      "$program" tune --model left-out/source-$patient --data patients/patient-$patient --method modality_dropout \
        --missing sample:0.5 --set training.epochs=20 --set training.learning_rate=0.001 \
        --output left-out/dropout-$patient --seeds 5 --resume "${threads[@]}" >/dev/null
      for missing in complete fixed:flair; do
        file=left-out/patient-$patient-${missing#fixed:}.json
        [ -s $file ] || "$program" evaluate --model left-out/source-$patient --adapter none \
          --adapter left-out/dropout-$patient --data patients/patient-$patient --missing $missing --json \
          "${threads[@]}" >$file
      done
    done
    ;;
  *)
    echo "unknown part: $part (complete, shifts, missing, balancing, patients)" >&2
    exit 64
    ;;
  esac
done
python3 "$here/tables.py" .
