#!/usr/bin/env bash
# Test-time adaptation under shifts, five seeds, offline and online: the tables of RESULTS.md beside this file.
#
#   Experiments/adaptation/run.sh OUTPUT [folder of data sets]
#
# The folder may hold gas-sensor-drift, av-digits and cmu-mosi; parts whose data are not there are skipped.
# Every finished sweep is kept: the same command goes on where it was stopped. POLYPHONY names the program, THREADS the
# threads of each run (1 is best where several run side by side), PARTS a selection of the parts, RUN a command that
# each run is given to (such as nice).
set -euo pipefail
program=${POLYPHONY:-.build/release/polyphony}
output=${1:?usage: run.sh OUTPUT [folder of data sets]}
sets=${2:-}
here=$(cd "$(dirname "$0")" && pwd)
parts=${PARTS:-drift ceiling stream service speakers sentiment corpus mosi numerals}
aligning=inputs,ssa,auto
ceilings=ceiling:inputs,ceiling:tent
methods=source,norm,tent,eata,sar,read,mean-teacher,casp-contrast,casp-pseudo,casp-random,casp
shifts=noise:3,noise:5,gain:3,gain:5,drop:3,drop:5,shift:3,shift:5,swap:3,swap:5,missing:3,missing:5
seeds="0 1 2 3 4"
mkdir -p "$output/data"
export PYTHONPATH="$here/../../python:${PYTHONPATH:-}"

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
      local options=(--model "$output/${name%%/*}/source/seed-$seed/model" --data "$data" --shift "$chosen"
        --seed "$seed" --json "$@")
      if [ "$mode" = online ]; then options+=(--online); fi
      keep "$output/$name/$mode-$seed.json" evaluate "${options[@]}" --adapt "$methods" \
        --recipe "$here/adapt-$mode.yaml"
      # A stream has no choice among methods.
      local aligned=$aligning
      if [ "$mode" = online ]; then aligned=${aligning%,auto}; fi
      keep "$output/$name/$mode-$seed-aligned.json" evaluate "${options[@]}" --adapt "$aligned"
    done
  done
}

# has NAME: true if the data set is there.
has() {
  [ -d "$sets/$1" ] && return
  echo "skipped: no folder $1 given" >&2
  return 1
}

# adapted NAME SOURCE DATA [OPTIONS]: every method on the split «test» of a data set, five seeds.
adapted() {
  mkdir -p "$output/$(dirname "$1")"
  keep "$output/$1.json" adapt --model "$2" --data "$3" --split test --method "$methods" --seeds 5 --json --resume \
    --recipe "$here/adapt-offline.yaml" --output "$output/$1" "${@:4}"
  # Methods that move statistics run at their defaults.
  keep "$output/$1-aligned.json" adapt --model "$2" --data "$3" --split test --method "$aligning" --seeds 5 --json \
    --resume --output "$output/$1-aligned" "${@:4}"
}

# ceiling NAME SOURCE DATA: the tensors of adaptations trained with labels, by halves of the split «test».
ceiling() {
  mkdir -p "$output/$(dirname "$1")/ceiling"
  [ -d "$output/data/halves/$1" ] || python3 "$here/halves.py" "$3" "$output/data/halves/$1"
  for half in a b; do
    keep "$output/$(dirname "$1")/ceiling/$(basename "$1")-$half.json" tune --model "$2" \
      --data "$output/data/halves/$1/$half" --method "$ceilings" --seeds 5 --json --resume \
      --output "$output/$1-ceiling-$half"
  done
}

# plain NAME DATA: five source models at the program's defaults.
plain() {
  [ -s "$output/$1/source/results.json" ] || run train --data "$2" --output "$output/$1/source" --seeds 5 --resume
}

batches="3 4 5 6 8 9"
for part in $parts; do
  echo "== $part" >&2
  case $part in
  drift)
    # Trained on the first ten months of a gas-sensor array, adapted to each later batch; «source» is without shift.
    has gas-sensor-drift || continue
    plain drift "$sets/gas-sensor-drift/source"
    adapted drift/none "$output/drift/source" "$sets/gas-sensor-drift/source"
    for batch in $batches; do
      adapted "drift/batch-$batch" "$output/drift/source" "$sets/gas-sensor-drift/batch-$batch"
    done
    ;;
  ceiling)
    # What labels win for the same tensors: trained on one half of a place's test split, scored on the other.
    if has gas-sensor-drift; then
      plain drift "$sets/gas-sensor-drift/source"
      for batch in $batches; do
        ceiling "drift/batch-$batch" "$output/drift/source" "$sets/gas-sensor-drift/batch-$batch"
      done
    fi
    if has av-digits; then
      plain speakers "$sets/av-digits/source"
      ceiling speakers/unseen "$output/speakers/source" "$sets/av-digits/unseen-speakers"
    fi
    ;;
  stream)
    # The same batches in one stream, in order, by the default settings.
    has gas-sensor-drift || continue
    plain drift "$sets/gas-sensor-drift/source"
    stream=$here/stream.py
    folders=()
    for batch in $batches; do folders+=("$sets/gas-sensor-drift/batch-$batch"); done
    [ -d "$output/data/stream" ] || python3 "$stream" make "$output/data/stream" "${folders[@]}"
    keep "$output/stream.json" adapt --model "$output/drift/source" --data "$output/data/stream" --split test --online \
      --method inputs --seeds 5 --json --resume --output "$output/stream"
    python3 "$stream" plot "$output"/stream/inputs/seed-* --data "$output/data/stream" \
      --parts "${folders[@]}" --output "$output/stream.svg"
    ;;
  service)
    # The same batches as a stream of requests to a service, whose client is tritonclient.
    has gas-sensor-drift || continue
    mkdir -p "$output/service"
    folders=()
    for batch in $batches; do folders+=("$sets/gas-sensor-drift/batch-$batch"); done
    for seed in $seeds; do
      own=$output/service/$seed
      [ -s "$own/results.json" ] || run train --data "$sets/gas-sensor-drift/source" --architecture late_fusion \
        --set model.layers=2 --seed $seed --output "$own"
      for method in inputs ssa casp-contrast tent; do
        table=$own-$method.md
        [ -s "$table" ] || { python3 "$here/served.py" "$program" --model "$own/model" --adapt $method \
          "${folders[@]}" >"$table.part" && mv "$table.part" "$table"; }
      done
    done
    ;;
  speakers)
    # Spoken and written digits: other speakers, the same pictures.
    has av-digits || continue
    plain speakers "$sets/av-digits/source"
    adapted speakers/none "$output/speakers/source" "$sets/av-digits/source"
    adapted speakers/unseen "$output/speakers/source" "$sets/av-digits/unseen-speakers"
    ;;
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
    # Standard folds, regression. Each modality is hit alone, then both.
    has cmu-mosi || continue
    source_models mosi "$sets/cmu-mosi"
    for modality in text audio; do
      sweep "mosi/$modality" "$sets/cmu-mosi" noise:0,noise:3,noise:5,gain:3,gain:5 --modality "$modality"
    done
    sweep mosi/both "$sets/cmu-mosi" noise:0,noise:3,noise:5,gain:3,gain:5
    ;;
  numerals)
    source_models numerals Data/numerals
    sweep numerals Data/numerals noise:0,noise:3,noise:5,gain:3,gain:5,missing:3
    ;;
  *)
    echo "unknown part: $part (drift, ceiling, stream, speakers, sentiment, corpus, mosi, numerals)" >&2
    exit 2
    ;;
  esac
done
python3 "$here/tables.py" "$output"
