#!/usr/bin/env bash
# The kernels under the address and undefined-behaviour sanitizers, with every instruction set that this processor has.
#
#   Tools/sanitize.sh [BUILD FOLDER]
#
# Any finding ends the script with an error. Compiling takes minutes: three instruction sets, instrumented.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
build=${1:-.build/sanitize}
torch=${LIBTORCH:-.libtorch/torch}
compiler=${CXX:-clang++}
# Checks as calls, and none of pointers that the address sanitizer watches anyway: the kernels unroll into so much code
# that checks in line take a quarter of an hour per instruction set to compile.
flags=(-std=c++20 -O1 -g1 -fPIC -Wall -fno-omit-frame-pointer -fsanitize=address,undefined
  -fno-sanitize=null,object-size,vptr,alignment -mllvm -asan-instrumentation-with-call-threshold=0
  -fno-sanitize-recover=undefined -isystem "$torch/include" -isystem "$torch/include/torch/csrc/api/include")
mkdir -p "$build"

objects=()
for source in Sources/CTorch/kernels/*.cpp Tests/Sanitizers/kernels.cpp; do
  object="$build/$(basename "$(dirname "$source")")-$(basename "$source" .cpp).o"
  objects+=("$object")
  if [ -z "$(find "$object" -newer "$source" 2>/dev/null)" ] ||
    [ -n "$(find Sources/CTorch/kernels -name '*.h' -newer "$object" 2>/dev/null)" ]; then
    echo "compiling $source"
    "$compiler" "${flags[@]}" -c "$source" -o "$object"
  fi
done
"$compiler" "${flags[@]}" "${objects[@]}" -o "$build/kernels" \
  -L"$torch/lib" -Wl,-rpath,"$(cd "$torch/lib" && pwd)" -ltorch_cpu -lc10 -ldl

# libtorch keeps its registries to the end of the process; that is no leak of ours.
export ASAN_OPTIONS=detect_leaks=0:detect_stack_use_after_return=1 UBSAN_OPTIONS=print_stacktrace=1
for set in plain avx2 avx512; do
  case $set in
  avx2) grep -qw avx2 /proc/cpuinfo 2>/dev/null || continue ;;
  avx512) grep -qw avx512bw /proc/cpuinfo 2>/dev/null || continue ;;
  esac
  echo "running with $set"
  POLYPHONY_ISA=$set "$build/kernels"
done
echo "sanitizers found nothing"
