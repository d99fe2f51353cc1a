#!/usr/bin/env bash
# Fuzzes the readers of files with libFuzzer, under the address and undefined-behaviour sanitizers.
#
#   Tools/fuzz.sh READER [RUNS]     READER: safetensors, json, yaml, pickle, npy, npz, csv, mat, or all
#
# The fuzzer keeps inputs that reach new code in .build/fuzz/corpus/READER. The tests' fixtures are its first inputs. A
# finding ends the script with an error, and its input is in .build/fuzz/findings. Needs Swift's toolchain for Linux.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
reader=${1:-all}
runs=${2:-100000}
build=.build/fuzz
debug=.build/debug
# These modules are compiled anew, optimised and instrumented. The others come from the usual build.
modules=(PolyphonySupport PolyphonySettings Torch PolyphonyConversion)
sanitizers=(-sanitize=address,fuzzer -sanitize-coverage=edge,indirect-calls,trace-cmp)
mkdir -p $build/corpus $build/findings

swift build --quiet
maps=()
for map in $debug/*.build/module.modulemap .build/checkouts/*/Sources/*/include/module.modulemap; do
  [ -f "$map" ] && maps+=(-Xcc "-fmodule-map-file=$map")
done
flags=(-swift-version 6 -O -wmo -g -enable-testing -parse-as-library -package-name polyphony -I $debug/Modules "${maps[@]}")

is_older() { [ -z "$(find "$1" -prune -newer "$1" 2>/dev/null)" ] && [ ! -f "$1" ] || [ -n "$(find "${@:2}" -newer "$1" -print -quit)" ]; }
objects=()
for module in "${modules[@]}"; do
  object=$build/$module.o
  objects+=("$object")
  if is_older "$object" "Sources/$module"; then
    echo "compiling $module"
    swiftc "${flags[@]}" -sanitize=address,fuzzer -module-name "$module" -c $(find "Sources/$module" -name '*.swift') -o "$object"
  fi
done
for source in .build/checkouts/Yams/Sources/CYaml/src/*.c; do
  object=$build/yaml-$(basename "$source" .c).o
  objects+=("$object")
  is_older "$object" "$source" || continue
  clang -O1 -g -fsanitize=address,undefined,fuzzer-no-link -I .build/checkouts/Yams/Sources/CYaml/include -c "$source" -o "$object"
done
