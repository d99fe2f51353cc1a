#!/usr/bin/env bash
# Balancing strategies on seven data sets, five seeds each: the tables of RESULTS.md beside this file.
#
#   Experiments/balancing/run.sh OUTPUT [CMU-MOSI folder]
#
# Every finished run is kept: the same command goes on where it was stopped. POLYPHONY names the program, THREADS the
# threads of each run (1 is best where several run side by side), PARTS a selection of the data sets.
set -euo pipefail
program=${POLYPHONY:-.build/release/polyphony}
output=${1:?usage: run.sh OUTPUT [CMU-MOSI folder]}
mosi=${2:-}
here=$(cd "$(dirname "$0")" && pwd)
parts=${PARTS:-classes sentiment ciphered starved numerals phantoms mosi}
strategies=joint,mslr,ogm-ge,agm,pmr,gradient-blending,cggm,cggm-magnitude,cggm-direction,cggm-teaching
starved=unimodal:strong,unimodal:slow,joint,mrd,gradient-blending,mmpareto,arl,g2d,cggm,cggm-teaching,balanced
mkdir -p "$output"

# train RECIPE DATA STRATEGIES FOLDER [OPTIONS]: trains, and leaves FOLDER.txt with the tables.
train() {
  local recipe=$1 data=$2 chosen=$3 folder=$4
  shift 4
  mkdir -p "$(dirname "$output/$folder")"
  "$program" train --data "$data" --recipe "$here/$recipe.yaml" --output "$output/$folder" --balance "$chosen" \
    --seeds 5 --per-modality --resume --threads "${THREADS:-0}" "$@" >"$output/$folder.txt"
  cat "$output/$folder.txt"
}

# balance NAME DATA STRATEGIES: CGGM's classifiers have two layers, as in its code.
balance() { train "$1" "$2" "$3" "$1" --set balance.cggm.classifier_layers=2; }

# light NAME: CGGM as it is without a setting, with classifiers of one layer.
light() { train "$1" "$output/data/$1" cggm,cggm-teaching "light/$1"; }

# standard NAME [STRATEGIES]: `balanced` against joint training and modality random dropout. The recipe of the phantoms has
# settings of CGGM, so CGGM stands beside there.
standard() { train "$1" "$output/data/$1" "joint,mrd,${2:+$2,}balanced" "standard/$1"; }

# dropped RECIPE DATA: dropout of encodings at a fixed rate in place of one that follows the fusion's lag, and the whole
# gradient of the classifiers.
dropped() {
  train "$1" "$output/data/$2" balanced "dropped/$1" --set balance.balanced.dropping=always \
    --set balance.balanced.drop=0.3 --set balance.balanced.teaching=1
}

# make NAME OPTIONS: a data set, once.
make() {
  local name=$1
  shift
  [ -d "$output/data/$name" ] || "$program" data synthesize --output "$output/data/$name" "$@"
}

mkdir -p "$output/data"
for part in $parts; do
  echo "== $part"
  case $part in
  classes)
    make classes --samples 4000 --imbalance 0.4 --noise 0.8 --classes 5
    balance classes "$output/data/classes" "unimodal:text,unimodal:audio,unimodal:vision,$strategies"
    standard classes
    ;;
  sentiment)
    make sentiment --samples 1500 --imbalance 0.4 --noise 0.8
    balance sentiment "$output/data/sentiment" "unimodal:text,unimodal:audio,unimodal:vision,$strategies"
    standard sentiment
    ;;
  ciphered)
    # Audio and vision have to be deciphered, which takes longer than text takes to fit the training split.
    make ciphered --samples 2000 --imbalance 0 --noise 0.2 --classes 2 --ciphered 2
    balance ciphered "$output/data/ciphered" "unimodal:audio,unimodal:vision,joint,mslr,ogm-ge,pmr,cggm,cggm-teaching"
    light ciphered
    standard ciphered
    # Its classes need all modalities, so dropout of encodings at a fixed rate costs accuracy.
    dropped ciphered ciphered
    ;;
  starved)
    # The slow modality alone is worth more than the strong one leaves over. Both optimisers.
    make starved --kind starved
    for recipe in starved starved-sgd; do
      train "$recipe" "$output/data/starved" "$starved" "$recipe"
      dropped "$recipe" starved
      # What the whole of teaching does without dropout.
      train "$recipe" "$output/data/starved" balanced "undropped/$recipe" --set balance.balanced.drop=0 \
        --set balance.balanced.teaching=1
      # The teachers of G²D without its order: the leader has one epoch.
      train "$recipe" "$output/data/starved" g2d "stage1/$recipe" --set balance.g2d.stage=1
    done
    ;;
  numerals)
    # One view stays as it is, and the others get noise of two deviations (severity 5): a dominant modality.
    [ -d "$output/data/numerals" ] || "$program" data corrupt --data Data/numerals --output "$output/data/numerals" \
      --shift noise:5 --modality pixels,fourier,karhunen,zernike,morphology
    balance numerals "$output/data/numerals" "$strategies"
    light numerals
    standard numerals
    # What of it the classifiers' gradient does, and what B_i adds to it.
    train numerals "$output/data/numerals" cggm-watch taught/numerals --set balance.cggm.teaching=1 \
      --set balance.cggm.classifier_layers=2
    ;;
  phantoms)
    make phantoms --kind segmentation --samples 160
    # Prototypes and blending need one vector per sample.
    balance phantoms "$output/data/phantoms" joint,mslr,ogm-ge,agm,cggm,cggm-magnitude,cggm-direction,cggm-teaching
    standard phantoms cggm
    ;;
  mosi)
    if [ -d "$mosi" ]; then balance mosi "$mosi" "$strategies"; else echo "skipped: no CMU-MOSI folder given"; fi
    ;;
  *)
    echo "unknown part: $part (classes, sentiment, ciphered, starved, numerals, phantoms, mosi)" >&2
    exit 2
    ;;
  esac
done
