#!/usr/bin/env bash
# Methods for missing modalities on two data sets, five seeds each: the tables of RESULTS.md beside this file.
#
#   Experiments/missing/run.sh OUTPUT [CMU-MOSI folder]
#
# Every finished run is kept: the same command goes on where it was stopped. POLYPHONY names the program, THREADS the
# threads of each run (1 is best where several run side by side), PARTS a selection of the data sets.
set -euo pipefail
program=${POLYPHONY:-.build/release/polyphony}
output=${1:?usage: run.sh OUTPUT [CMU-MOSI folder]}
mosi=${2:-}
here=$(cd "$(dirname "$0")" && pwd)

# tune PART DATA NAME METHOD [OPTIONS]: one method over the seeds, each on the base of its seed.
tune() {
  local part=$1 data=$2 name=$3 method=$4
  shift 4
  "$program" tune --model "$output/$part/base" --data "$data" --recipe "$here/tuning.yaml" --method "$method" \
    --missing sample:0.7 --seeds 5 --output "$output/$part/tuned/$name" --resume --threads "${THREADS:-0}" "$@" >/dev/null
}

# compare PART DATA TITLE METRIC PLAN NAMES: one table.
compare() {
  local part=$1 data=$2 title=$3 metric=$4 plan=$5 adapters=()
  shift 5
  for name in "$@"; do adapters+=(--adapter "$name=$output/$part/tuned/$name"); done
  echo "== $part, $title: $metric"
  "$program" evaluate --model "$output/$part/base" "${adapters[@]}" --data "$data" --missing "$plan" \
    --metric "$metric" --output "$output/$part/$title" --threads "${THREADS:-0}"
}

part() {
  local part=$1 data=$2
  shift 2
  mkdir -p "$output/$part"
  "$program" train --data "$data" --recipe "$here/$part.yaml" --output "$output/$part/base" --seeds 5 --resume \
    --threads "${THREADS:-0}"
  for method in zero_fill mean_fill missing_aware_prompts reconstruction modality_dropout prompts; do
    tune "$part" "$data" "$method" "$method"
  done
  # What prompts train of the base, without prompts.
  tune "$part" "$data" fill_head zero_fill --set tuning.train=head
  tune "$part" "$data" no_generative prompts --set tuning.generative=false
  tune "$part" "$data" no_signal prompts --set tuning.signal=false
  tune "$part" "$data" no_type prompts --set tuning.type=false
  for option in "$@"; do
    case $option in
    shared) tune "$part" "$data" shared prompts --set tuning.form=shared ;;
    alone)
      tune "$part" "$data" generative prompts --set tuning.signal=false --set tuning.type=false
      tune "$part" "$data" signal prompts --set tuning.generative=false --set tuning.type=false
      tune "$part" "$data" type prompts --set tuning.generative=false --set tuning.signal=false
      ;;
    esac
  done
  local methods=(zero_fill mean_fill fill_head missing_aware_prompts reconstruction modality_dropout prompts)
  local kinds=(no_generative no_signal no_type)
  [[ " $* " == *" alone "* ]] && kinds+=(generative signal type)
  [[ " $* " == *" shared "* ]] && kinds+=(shared)
  for metric in accuracy balanced_accuracy; do
    compare "$part" "$data" "rates-$metric" "$metric" 'sample:0...0.9' "${methods[@]}" "${kinds[@]}"
  done
  compare "$part" "$data" patterns accuracy patterns zero_fill modality_dropout prompts
}

for name in ${PARTS:-mosi numerals}; do
  case $name in
  numerals) part numerals Data/numerals ;;
  mosi) if [ -d "$mosi" ]; then part mosi "$mosi" shared alone; else echo "skipped: no CMU-MOSI folder given"; fi ;;
  *)
    echo "unknown part: $name (mosi, numerals)" >&2
    exit 2
    ;;
  esac
done
python3 "$here/tables.py" "$output"
