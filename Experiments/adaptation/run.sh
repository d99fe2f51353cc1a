#!/usr/bin/env bash
# Test-time adaptation under shifts, five seeds, offline and online: the tables of RESULTS.md beside this file.
#
#   Experiments/adaptation/run.sh OUTPUT [CMU-MOSI folder]
#
# Every finished sweep is kept: the same command goes on where it was stopped. POLYPHONY names the program, THREADS the
# threads of each run (1 is best where several run side by side), PARTS a selection of the parts, RUN a command that
# each run is given to (such as nice).
set -euo pipefail
program=${POLYPHONY:-.build/release/polyphony}
output=${1:?usage: run.sh OUTPUT [CMU-MOSI folder]}
mosi=${2:-}
here=$(cd "$(dirname "$0")" && pwd)
parts=${PARTS:-sentiment corpus mosi numerals}
methods=source,norm,tent,eata,sar,read,mean-teacher,casp-contrast,casp-pseudo,casp-random,casp
shifts=noise:3,noise:5,gain:3,gain:5,drop:3,drop:5,shift:3,shift:5,swap:3,swap:5,missing:3,missing:5
seeds="0 1 2 3 4"
mkdir -p "$output/data"

run() { ${RUN:-} "$program" "$@" --threads "${THREADS:-0}"; }

# keep FILE COMMAND…: the command's standard output, once and whole.
keep() {
  local file=$1
  shift
  [ -s "$file" ] || { run "$@" >"$file.part" && mv "$file.part" "$file"; }
}

# make NAME OPTIONS: a synthetic corpus, once.
make() {
  [ -d "$output/data/$1" ] || "$program" data synthesize --output "$output/data/$1" "${@:2}"
}

# source NAME DATA: five source models.
source_models() {
  [ -s "$output/$1/source/results.json" ] ||
    run train --data "$2" --recipe "$here/$1.yaml" --output "$output/$1/source" --seeds 5 --resume
}

# sweep NAME DATA SHIFTS [OPTIONS]: every method under every shift of the test split, offline and online.
sweep() {
  local name=$1 data=$2 chosen=$3
  shift 3
  mkdir -p "$output/$name"
  for seed in $seeds; do
    for mode in offline online; do
      keep "$output/$name/$mode-$seed.json" evaluate --model "$output/$name/source/seed-$seed/model" --data "$data" \
        --shift "$chosen" --adapt "$methods" --seed "$seed" --recipe "$here/adapt-$mode.yaml" --json "$@" \
        $([ "$mode" = online ] && echo --online)
    done
  done
}

for part in $parts; do
  echo "== $part" >&2
  case $part in
  sentiment)
    make sentiment --samples 3000 --noise 0.8 --imbalance 0.4
    source_models sentiment "$output/data/sentiment"
    sweep sentiment "$output/data/sentiment" "$shifts"
    ;;
  corpus)
    # Trained on one corpus, adapted to the unlabelled training split of others (online: to their test split), tested there.
    make sentiment --samples 3000 --noise 0.8 --imbalance 0.4
    source_models sentiment "$output/data/sentiment"
    for shift in 0.3 0.5; do
      make "corpus-$shift" --samples 3000 --noise 0.8 --imbalance 0.4 --shift "$shift"
      for seed in $seeds; do
        for mode in offline online; do
          mkdir -p "$output/corpus/$shift"
          keep "$output/corpus/$shift/$mode-$seed.json" adapt --model "$output/sentiment/source/seed-$seed/model" \
            --data "$output/data/corpus-$shift" --method "$methods" --seed "$seed" --recipe "$here/adapt-$mode.yaml" \
            --output "$output/corpus/$shift/runs-$mode-$seed" --resume --json \
            $([ "$mode" = online ] && echo --online --split test)
        done
      done
    done
    ;;
  mosi)
    if [ ! -d "$mosi" ]; then
      echo "skipped: no CMU-MOSI folder given" >&2
      continue
    fi
    source_models mosi "$mosi"
    sweep mosi "$mosi" noise:3,noise:5,drop:3,drop:5,missing:3,missing:5
    ;;
  numerals)
    source_models numerals Data/numerals
    sweep numerals Data/numerals noise:3,noise:5,gain:5,missing:3,missing:5
    ;;
  *)
    echo "unknown part: $part (sentiment, corpus, mosi, numerals)" >&2
    exit 2
    ;;
  esac
done
python3 "$here/tables.py" "$output"
