#!/usr/bin/env bash
# Fuzzes the readers of files with libFuzzer, under the address sanitizer (Swift) and that of undefined behaviour (C).
#
#   Tools/fuzz.sh [READER] [RUNS]     READER: safetensors, json, yaml, pickle, npy, npz, csv, mat, nii, or all
#
# The tests' fixtures are the first inputs. Inputs that reach new code are kept in .build/fuzz/corpus/READER. A finding
# ends the script with an error, and its input is in .build/fuzz/findings. Needs Swift's toolchain for Linux.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
all=(safetensors json yaml pickle npy npz csv mat nii)
readers=("${1:-all}")
[ "${readers[0]}" = all ] && readers=("${all[@]}")
runs=${2:-100000}
build=.build/fuzz
debug=.build/debug
# These modules are compiled anew, optimised and instrumented. All others come from the usual build.
modules=(PolyphonySupport Yams PolyphonySettings Torch PolyphonyConversion)
mkdir -p $build/findings

# Names of objects may hold spaces, so lists of them are files.
swift build --product polyphony --quiet
maps=()
for map in $debug/*.build/module.modulemap .build/checkouts/*/Sources/*/include/module.modulemap; do
  [ -f "$map" ] && maps+=(-Xcc "-fmodule-map-file=$map")
done
package=$(basename "$PWD" | tr '[:upper:]' '[:lower:]')
flags=(-swift-version 6 -D SWIFT_PACKAGE -O -wmo -g -enable-testing -parse-as-library -package-name "$package" -I $debug/Modules
  "${maps[@]}" -sanitize=address,fuzzer)

# True if an object is missing or older than one of its sources.
is_old() { [ ! -f "$1" ] || [ -n "$(find "${@:2}" -newer "$1" -print -quit)" ]; }

for module in "${modules[@]}" Readers; do
  case $module in
  Readers) source=Tests/Sanitizers/Readers.swift ;;
  Yams) source=.build/checkouts/Yams/Sources/Yams ;;
  *) source=Sources/$module ;;
  esac
  is_old "$build/$module.o" "$source" || continue
  echo "compiling $module"
  find "$source" -name '*.swift' | xargs swiftc "${flags[@]}" -module-name "$module" -o "$build/$module.o" -c
done
yaml=.build/checkouts/Yams/Sources/CYaml
for source in "$yaml"/src/*.c; do
  object=$build/yaml-$(basename "$source" .c).o
  is_old "$object" "$source" || continue
  clang -O1 -g -fsanitize=address,undefined,fuzzer-no-link -fsanitize-trap=undefined -I $yaml/include -c "$source" \
    -o "$object"
done
pattern=$(IFS='|'; echo "${modules[*]}")
grep -vE "/($pattern|PolyphonyCommand|CYaml)\.build/" $debug/polyphony.product/Objects.LinkFileList >$build/objects
if is_old $build/fuzz $build/*.o; then
  swiftc -use-ld=lld -sanitize=address,fuzzer $build/*.o @$build/objects -o $build/fuzz
fi

# The first inputs of a reader.
seeds() {
  case $1 in
  yaml) ls Recipes/*.yaml ;;
  pickle) find Tests -path '*/Fixtures/*' -name '*protocol[145].pkl' ;;
  csv) find $build/table.csv ;;
  nii) find Tests -path '*/Fixtures/*' -name '*.nii*' -size -16k ;;
  *) find Tests -path '*/Fixtures/*' -name "*.$1" -size -16k ;;
  esac
}
printf 'id,split,a,b,label\n1,train,0.5,"1",x\n2,valid,-1e9,,"y ""z"""\n3,test,NaN,2;5,x\n' >$build/table.csv

# Swift and libtorch keep some memory to the end of the process; that is no leak of ours.
export ASAN_OPTIONS=detect_leaks=0
for reader in "${readers[@]}"; do
  mkdir -p "$build/corpus/$reader"
  while read -r seed; do cp "$seed" "$build/corpus/$reader"; done < <(seeds "$reader")
  echo "fuzzing $reader"
  POLYPHONY_FUZZ=$reader $build/fuzz -runs="$runs" -max_len=4096 -timeout=20 -rss_limit_mb=3000 -print_final_stats=1 \
    -verbosity=0 -artifact_prefix=$build/findings/ "$build/corpus/$reader" 2>&1 | tee "$build/$reader.log" |
    grep -E 'ERROR|SUMMARY|Test unit|number_of_executed_units|Fatal|peak_rss' || true
  # The fuzzer's own code is behind the pipe.
  grep -q 'number_of_executed_units' "$build/$reader.log" && ! grep -qE 'ERROR: ' "$build/$reader.log"
done
echo "fuzzing found nothing"
