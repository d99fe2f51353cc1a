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
parts="numerals synthetic-3 mosi-halves mosi-text synthetic-2 synthetic-5 synthetic-7 relation-3 form"
parts=${PARTS:-$parts aligned-200 aligned-1000 aligned-4000 aligned-encoder_fusion aligned-mult scaling}
small='bottleneck: 2, feature_rank: 1, token_rank: 1'
middle='bottleneck: 4, feature_rank: 2, token_rank: 2'
quick="head,full,bitfit,ia3,lora{rank: 1},lora,prompt,lmf{bottleneck: 2, feature_rank: 1}"
quick+=",lmf{bottleneck: 4, feature_rank: 2},concat{bottleneck: 4},wander{$small},wander{$middle},wander"
forms="head,wander{$small},wander{$small, constant: false},wander{$middle},wander{$middle, constant: false},wander"
forms+=',wander{constant: false},wander{constant: false, steps: 16, readout: first}'
aligned="head,full,bitfit,ia3,lora,adapter,prompt,prefix,lmf,concat,cross_attention,moka,wander{$small},wander{$middle}"
aligned+=',wander{bottleneck: 4, feature_rank: 1, token_rank: 12},wander{bottleneck: 8, feature_rank: 8}'
aligned+=',wander{bottleneck: 16, feature_rank: 4, token_rank: 24},wander'
mkdir -p "$output"

recipe=transfer

# transfer NAME OPTIONS: pretrains and tunes, and leaves NAME.txt with the table.
transfer() {
  local name=$1
  shift
  "$program" transfer --recipe "$here/$recipe.yaml" --output "$output/$name" --seeds 5 --resume \
    --threads "${THREADS:-0}" "$@" >"$output/$name.part"
  mv "$output/$name.part" "$output/$name.txt"
  cat "$output/$name.txt"
}

for part in $parts; do
  echo "== $part"
  case $part in
  numerals) transfer numerals --task classes --data Data/numerals --samples 5,20,100 ;;
  synthetic-*) transfer "$part" --task corpus --modalities "${part#synthetic-}" --samples 50,200 ;;
  relation-*)
    # Without those whose steps take longest.
    transfer "$part" --task relation --modalities "${part#relation-}" --samples 200,2000 --method "$quick"
    ;;
  form)
    # Wander's own choices: the constant that is appended, and the published form, on the bases of the other parts.
    for count in 3 5; do
      mkdir -p "$output/form-$count"
      cp -r "$output/synthetic-$count/model" "$output/synthetic-$count/recipe.yaml" "$output/form-$count/"
      transfer "form-$count" --task corpus --modalities "$count" --samples 50,200 --method "$forms"
    done
    ;;
  aligned-*)
    # The part names the number of samples, or another backbone with 1000 of them. The epochs make about 800 steps.
    recipe=aligned samples=1000 architecture=late_fusion epochs=50
    case ${part#aligned-} in
    200) samples=200 epochs=200 ;;
    1000) ;;
    4000) samples=4000 epochs=13 ;;
    *) architecture=${part#aligned-} ;;
    esac
    base="$output/aligned-1000/model"
    if [ "$architecture" = late_fusion ] && [ -d "$base" ] && [ ! -d "$output/$part" ]; then
      mkdir "$output/$part"
      cp -r "$base" "$output/$part/"
    fi
    transfer "$part" --task aligned --samples "$samples" --method "$aligned" \
      --set "model.architecture=$architecture" --set "training.epochs=$epochs"
    recipe=transfer
    ;;
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
    echo "unknown part: $part (numerals, synthetic-N, relation-N, mosi-halves, mosi-text, form, aligned-N, scaling)" >&2
    exit 64
    ;;
  esac
done
