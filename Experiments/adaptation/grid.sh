#!/usr/bin/env bash
# What CASP's settings were chosen by: source models of run.sh, validation split, severity 4 and a shifted corpus.
#
#   Experiments/adaptation/grid.sh OUTPUT        (after run.sh OUTPUT with PARTS=sentiment has made the source models)
#
# POLYPHONY, THREADS and RUN as in run.sh. Prints the gain on the source's mean absolute error, mean over the shifts.
set -euo pipefail
program=${POLYPHONY:-.build/release/polyphony}
output=${1:?usage: grid.sh OUTPUT}
data=$output/data/sentiment far=$output/data/corpus-0.5
mkdir -p "$output/grid"
run() { ${RUN:-} "$program" "$@" --threads "${THREADS:-0}"; }
[ -d "$far" ] || run data synthesize --output "$far" --samples 3000 --noise 0.8 --imbalance 0.4 --shift 0.5

# one NAME SEED KEY=VALUE…: both stages and the first alone, under every shift.
one() {
  local file=$output/grid/$1-$2 seed=$2 settings=()
  local source=$output/sentiment/source/seed-$2/model
  for setting in "${@:3}"; do settings+=(--set "adaptation.$setting"); done
  [ -s "$file.json" ] || {
    run evaluate --model "$source" --data "$data" --split valid --adapt source,casp-contrast,casp --seed "10$seed" \
      --shift noise:4,gain:4,drop:4,shift:4,swap:4,missing:4 --json "${settings[@]}" >"$file.part"
    mv "$file.part" "$file.json"
  }
  [ -s "$file.far.json" ] || {
    run adapt --model "$source" --data "$far" --split valid --test valid --method source,casp-contrast,casp \
      --seed "10$seed" --json --output "$file.runs" --overwrite "${settings[@]}" >"$file.part"
    mv "$file.part" "$file.far.json"
  }
}

for seed in 0 1 2 3 4; do
  short="snapshot_interval=1 share=0.05"
  one published "$seed" share=0.05
  one short "$seed" $short contrast_epochs=5
  one batch-64 "$seed" $short contrast_epochs=5 batch_size=64
  one batch-128 "$seed" $short contrast_epochs=5 batch_size=128
  one ten-epochs-batch-64 "$seed" $short contrast_epochs=10 batch_size=64
  one half-dropped "$seed" $short contrast_epochs=5 drop_rate=0.5
  for temperature in 0.05 0.1 0.2; do
    one "temperature-$temperature" "$seed" $short contrast_epochs=5 temperature="$temperature"
  done
  one temperature-0.1-batch-64 "$seed" $short contrast_epochs=5 temperature=0.1 batch_size=64
  one temperature-0.1-half-dropped "$seed" $short contrast_epochs=5 temperature=0.1 drop_rate=0.5
  one temperature-0.1-slow "$seed" $short contrast_epochs=10 temperature=0.1 learning_rate=0.0005
  one last-norm "$seed" $short contrast_epochs=5 last_norm=true
done
python3 "$(dirname "$0")/tables.py" "$output" grid
