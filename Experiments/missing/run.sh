#!/usr/bin/env bash
# Missing modalities on two data sets, five seeds each: the tables of RESULTS.md beside this file.
#
#   Experiments/missing/run.sh OUTPUT [MOSI]
#
# MOSI is CMU-MOSI as a data set of text and audio, such as «sentences» of Experiments/encoders/run.sh. Every finished stage
# is kept: the same command goes on where it was stopped. POLYPHONY names the program, THREADS the threads of each run,
# PARTS a selection of the recipes.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
program=$(realpath "${POLYPHONY:-.build/release/polyphony}")
numerals=$(realpath Data/numerals)
mosi=${2:+$(realpath "$2")}
output=${1:?usage: run.sh OUTPUT [MOSI]}
mkdir -p "$output"
cd "$output"
threads=(--threads "${THREADS:-0}")

[ -z "$mosi" ] || ln -sfn "$mosi" mosi
[ -d corpus ] || "$program" data synthesize --samples 4000 --modalities 2 --redundancy 0.5 --output corpus
[ -d numerals-corpora ] || python3 "$here/prepare.py" "$numerals" numerals-corpora

# base NAME DATA: the trained models whose bodies a recipe takes.
base() {
  "$program" train --data "$2" --recipe "$here/$1.yaml" --output "$1" --seeds 5 --resume "${threads[@]}" >/dev/null
}

for part in ${PARTS:-numerals mosi}; do
  if [[ $part == mosi && ! -d mosi ]]; then
    echo "skipped: mosi needs the data set MOSI" >&2
    continue
  fi
  case $part in
  numerals) base base-numerals numerals-corpora/first ;;
  mosi) base base-mosi corpus ;;
  *)
    echo "unknown part: $part (numerals, mosi)" >&2
    exit 64
    ;;
  esac
  "$program" compare "$here/$part.yaml" --output "runs/$part" "${threads[@]}"
done
python3 "$here/tables.py" runs
