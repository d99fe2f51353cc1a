#!/bin/sh
# Makes libtorch available to the build, without root and without touching the user's Python.
#
#   Tools/setup-libtorch.sh              installs the PyPI wheel torch==2.13.0 into .libtorch
#   LIBTORCH=DIR Tools/setup-libtorch.sh checks DIR instead (a pip `torch` folder, or an unzipped libtorch)
#
# Silent and quick when there is nothing to do. An install goes to a temporary folder first and is moved into
# place when complete, so an interrupted one leaves nothing half done.
set -eu

version=2.13.0
series=${version%.*}
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
target=$root/.libtorch

fail() {
  printf 'setup: %s\n' "$*" >&2
  exit 1
}

# The version that a libtorch folder states about itself: `version.py` in a wheel, `build-version` in an archive.
stated_version() {
  if [ -f "$1/version.py" ]; then
    sed -n "s/^__version__ = ['\"]\([^'\"]*\)['\"].*/\1/p" "$1/version.py"
  elif [ -f "$1/build-version" ]; then
    head -n 1 "$1/build-version"
  fi
}

has_library() {
  [ -f "$1/lib/libtorch_cpu.so" ] || [ -f "$1/lib/libtorch_cpu.dylib" ]
}

# The CUDA release a wheel was built for ("13.0"), or nothing for a CPU build.
cuda_version() {
  sed -n "s/^cuda[^=]*= ['\"]\([0-9.]*\)['\"].*/\1/p" "$1/version.py"
}

check_given() {
  given=$1
  fix="set LIBTORCH to a libtorch $series folder, or unset it to install one"
  [ -d "$given" ] || fail "LIBTORCH=$given is not a folder; $fix"
  [ -d "$given/include" ] || fail "LIBTORCH=$given has no include/; $fix"
  has_library "$given" || fail "LIBTORCH=$given has no lib/libtorch_cpu; $fix"
  found=$(stated_version "$given")
  case $found in
    "$series".*) ;;
    '') fail "LIBTORCH=$given states no version (neither version.py nor build-version); $fix" ;;
    *) fail "LIBTORCH=$given is libtorch $found, but Polyphony is built against $series; $fix" ;;
  esac
}

is_installed() {
  has_library "$target/torch" || return 1
  case $(stated_version "$target/torch") in
    "$version" | "$version"+*) ;;
    *) return 1 ;;
  esac
  # A CUDA build loads only beside the CUDA runtime.
  [ -z "$(cuda_version "$target/torch")" ] || [ -d "$target/nvidia" ]
}

# Folders of installs that were killed; those of live processes are left alone.
remove_leftovers() {
  for folder in "$target".partial.*; do
    [ -d "$folder" ] || continue
    kill -0 "${folder##*.}" 2>/dev/null || rm -rf "$folder"
  done
}

pip_install() {
  python3 -m pip install --quiet --no-deps --no-compile --no-input --progress-bar off \
    --disable-pip-version-check --target "$partial" "$@" >&2
}

# Test programs of libtorch itself: a sixth of the wheel, used by neither the build nor `import torch`.
remove_tests() {
  rm -rf "$partial/torch/test"
  for file in "$partial"/torch/bin/test_* "$partial"/torch/bin/*StoreTest; do
    [ ! -f "$file" ] || rm -f "$file"
  done
}

# Libraries that the dynamic loader cannot resolve, one a line.
unresolved() {
  command -v ldd >/dev/null 2>&1 && [ -f "$1" ] || return 0
  ldd "$1" 2>/dev/null | sed -n 's/^[[:space:]]*\([^ ]*\) => not found.*/\1/p'
}

install() {
  command -v python3 >/dev/null 2>&1 ||
    fail "python3 was not found; it is needed to fetch libtorch. Install Python 3.10 or newer, or set LIBTORCH"
  python3 -m pip --version >/dev/null 2>&1 ||
    fail "python3 has no pip; install it (Debian, Ubuntu: apt-get install python3-pip), or set LIBTORCH"

  partial=$target.partial.$$
  trap 'rm -rf "$partial"' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  remove_leftovers

  printf 'setup: installing libtorch %s into .libtorch (200 to 600 MB to download)\n' "$version" >&2
  PIP_ROOT_USER_ACTION=ignore
  export PIP_ROOT_USER_ACTION
  pip_install "torch==$version" ||
    fail "pip could not install torch==$version (needs Python 3.10 to 3.14 on Linux or macOS; see its message above)"
  cuda=$(cuda_version "$partial/torch")
  if [ -n "$cuda" ]; then
    # libtorch_cpu of a CUDA build is linked against these two; its rpath finds them in the same folder.
    pip_install "nvidia-cuda-runtime==$cuda.*" "nvidia-cuda-cupti==$cuda.*" ||
      fail "pip could not install the CUDA $cuda runtime that this build of libtorch is linked against"
  fi
  has_library "$partial/torch" || fail "the wheel torch==$version holds no lib/libtorch_cpu"
  missing=$(unresolved "$partial/torch/lib/libtorch_cpu.so" | tr '\n' ' ')
  [ -z "$missing" ] || fail "libtorch_cpu.so needs libraries that this system lacks: $missing"
  remove_tests

  rm -rf "$target"
  mv "$partial" "$target"
}

if [ -n "${LIBTORCH:-}" ]; then
  check_given "$LIBTORCH"
elif ! is_installed; then
  install
fi
