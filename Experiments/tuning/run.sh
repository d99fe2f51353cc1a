#!/usr/bin/env bash
# Tuning methods on the transfer suite, five seeds each, and how the cost of fusions grows: the tables of RESULTS.md.
#
#   Experiments/tuning/run.sh OUTPUT [CMU-MOSI folder]
#
# Every finished run is kept: the same command goes on where it was stopped. POLYPHONY names the program, THREADS the
# threads of each run (1 is best where several run side by side), PARTS a selection of the parts.
set -euo pipefail
program=${POLYPHONY:-.build/release/polyphony}
output=${1:?usage: run.sh OUTPUT [CMU-MOSI folder]}
mosi=${2:-}
here=$(cd "$(dirname "$0")" && pwd)
parts=${PARTS:-numerals synthetic-3 mosi-halves mosi-text synthetic-2 synthetic-5 synthetic-7 scaling}
mkdir -p "$output"

# transfer NAME OPTIONS: pretrains and tunes, and leaves NAME.txt with the table.
transfer() {
  local name=$1
  shift
  "$program" transfer --recipe "$here/transfer.yaml" --output "$output/$name" --seeds 5 --resume \
    --threads "${THREADS:-0}" "$@" >"$output/$name.part"
  mv "$output/$name.part" "$output/$name.txt"
  cat "$output/$name.txt"
}

for part in $parts; do
  echo "== $part"
  case $part in
  numerals) transfer numerals --task classes --data Data/numerals --samples 5,20 ;;
  synthetic-*) transfer "$part" --task corpus --modalities "${part#synthetic-}" --samples 50,200 ;;
  mosi-halves | mosi-text)
    if [ ! -d "$mosi" ]; then
      echo "skipped: no CMU-MOSI folder given"
    elif [ "$part" = mosi-halves ]; then
      transfer mosi-halves --task halves --data "$mosi" --samples 20,100
    else
      transfer mosi-text --task modality --data "$mosi" --samples 20,100
    fi
    ;;
  scaling) "$program" scaling --output "$output/scaling" --threads 1 | tee "$output/scaling.txt" ;;
  *)
    echo "unknown part: $part (numerals, synthetic-N, mosi-halves, mosi-text, scaling)" >&2
    exit 64
    ;;
  esac
done
