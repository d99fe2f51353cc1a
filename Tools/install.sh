#!/bin/sh
# Installs the built program under a prefix, so that it runs from any folder without this clone and without Swift.
#
#   Tools/install.sh PREFIX              PREFIX/bin/polyphony, PREFIX/lib/polyphony/, completions, manual pages
#   Tools/install.sh --uninstall PREFIX  removes these files
#
# LIBTORCH=DIR  the installation uses this libtorch through a link; else it carries the one of `make setup`.
# DESTDIR=DIR   the files go below DIR, as packagers need it; links inside stay relative.
# BUILD=DIR     the folder with the built program (default .build/release).
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
build=${BUILD:-$root/.build/release}
manual=$root/.build/manual

fail() {
  printf 'install: %s\n' "$*" >&2
  exit 73
}

uninstall=
if [ "${1:-}" = --uninstall ]; then
  uninstall=yes
  shift
fi
[ $# -eq 1 ] && [ -n "$1" ] || fail "name the folder: make install PREFIX=\$HOME/.local"
case $1 in
  /*) ;;
  *) fail "PREFIX=$1 is not an absolute path" ;;
esac
prefix=${DESTDIR:-}$1
home=$prefix/lib/polyphony
bash_completion=$prefix/share/bash-completion/completions/polyphony
zsh_completion=$prefix/share/zsh/site-functions/_polyphony
fish_completion=$prefix/share/fish/vendor_completions.d/polyphony.fish
manuals=$prefix/share/man/man1

# A folder or program of another origin stays: ours carries this file.
mark=installed-by-polyphony
if [ -e "$home" ] && [ ! -f "$home/$mark" ]; then
  fail "$home holds other files; choose another PREFIX or remove it"
fi
if [ -e "$prefix/bin/polyphony" ] || [ -L "$prefix/bin/polyphony" ]; then
  case $(readlink "$prefix/bin/polyphony" 2>/dev/null) in
    ../lib/polyphony/polyphony) ;;
    *) fail "$prefix/bin/polyphony is another program; choose another PREFIX or remove it" ;;
  esac
fi

remove() {
  rm -f "$prefix/bin/polyphony" "$bash_completion" "$zsh_completion" "$fish_completion"
  rm -f "$manuals/polyphony.1" "$manuals"/polyphony.*.1
  rm -rf "$home"
}

if [ -n "$uninstall" ]; then
  remove
  printf 'install: removed from %s\n' "$prefix"
  exit 0
fi

case $(uname -s) in
  Darwin) suffix=dylib ;;
  *) suffix=so ;;
esac
for file in "$build/polyphony" "$build/libCTorch.$suffix" "$manual/polyphony.1"; do
  [ -f "$file" ] || fail "$file is missing; run «make install», which builds it"
done

# Everything is put together beside its place and moved there whole.
partial=$home.partial.$$
mkdir -p "$prefix/lib" || fail "$prefix/lib cannot be made"
trap 'rm -rf "$partial"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
mkdir -p "$partial/Data" "$partial/.libtorch" || fail "$partial cannot be made"
cp "$build/polyphony" "$build/libCTorch.$suffix" "$partial/"
cp "$root/LICENSE" "$partial/"
cp -R "$root/Data/numerals" "$partial/Data/"
cp -R "$root/Recipes" "$partial/"
# The modelling code in PyTorch, which `polyphony export` hands on.
mkdir "$partial/python"
cp -R "$root/python/polyphony" "$partial/python/"
find "$partial/python" -name __pycache__ -prune -exec rm -r {} +
if [ -n "${LIBTORCH:-}" ]; then
  ln -s "$(CDPATH='' cd -- "$LIBTORCH" && pwd)" "$partial/.libtorch/torch"
else
  # The shared libraries alone; headers and Python stay behind.
  mkdir -p "$partial/.libtorch/torch/lib"
  cp "$root/.libtorch/torch/version.py" "$partial/.libtorch/torch/"
  for library in "$root"/.libtorch/torch/lib/*."$suffix"*; do
    case ${library##*/} in
      libtorch_python.* | libshm.*) ;;
      *) cp -P "$library" "$partial/.libtorch/torch/lib/" ;;
    esac
  done
  # A CUDA build of libtorch finds the CUDA runtime in the folder beside its own.
  [ ! -d "$root/.libtorch/nvidia" ] || cp -R "$root/.libtorch/nvidia" "$partial/.libtorch/"
fi
: >"$partial/$mark"

# The program itself says whether it works from there.
LIBTORCH='' "$partial/polyphony" doctor >/dev/null || fail "the program does not run from $partial"

remove
mv "$partial" "$home"
mkdir -p "$prefix/bin" "${bash_completion%/*}" "${zsh_completion%/*}" "${fish_completion%/*}" "$manuals"
ln -s ../lib/polyphony/polyphony "$prefix/bin/polyphony"
"$home/polyphony" --generate-completion-script bash >"$bash_completion"
"$home/polyphony" --generate-completion-script zsh >"$zsh_completion"
"$home/polyphony" --generate-completion-script fish >"$fish_completion"
cp "$manual"/polyphony*.1 "$manuals/"
printf 'install: %s\n' "$prefix/bin/polyphony"
