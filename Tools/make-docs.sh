#!/usr/bin/env bash
# Builds the documentation of the modules that a client sees as a static site, with nothing but the toolchain.
#
#     Tools/make-docs.sh [folder, .build/docs]
#
# A warning of DocC (a link to a symbol that is not there, a missing picture) is an error. DOCS_BASE_PATH names the path
# below which the site will be served; by itself it is the root.
set -euo pipefail
cd "$(dirname "$0")/.."
site=${1:-.build/docs}
work=.build/docc
toolchain=$(dirname "$(command -v swift)")
docc=$(command -v docc || true)
[ -n "$docc" ] || docc="$toolchain/docc"
if [ "$(uname)" = Darwin ]; then docc=$(xcrun --find docc); fi

# In the order of their imports: a module may link to those before it, as in ``/Torch/Tensor``.
documented=(
  PolyphonySupport Torch PolyphonySettings PolyphonyPresentation Polyphony PolyphonyConversion PolyphonyReports
)

# These two import all others. `make docs` names the configuration of `make build`, so nothing is compiled twice.
read -ra release <<<"${RELEASE:--c release}"
swift build "${release[@]}" --target PolyphonyConversion
swift build "${release[@]}" --target PolyphonyReports
binaries=$(swift build "${release[@]}" --show-bin-path)
rm -rf "$work" "$site"
mkdir -p "$work"

# The C modules that the Swift ones import, by their maps: one that the build has written, or the package's own.
modules=(-I "$binaries/Modules" -I Sources/CTorchInterface/include)
for map in "$binaries"/*.build/module.modulemap .build/checkouts/*/Sources/*/include/module.modulemap; do
  [ -f "$map" ] && modules+=(-Xcc "-fmodule-map-file=$PWD/${map#"$PWD"/}")
done
target=$(swift -print-target-info | sed -n 's/.*"unversionedTriple": "\(.*\)",*/\1/p' | head -1)

archives=()
dependencies=()
for module in "${documented[@]}"; do
  mkdir -p "$work/$module"
  "$toolchain/swift-symbolgraph-extract" -module-name "$module" -target "$target" "${modules[@]}" \
    -minimum-access-level public -skip-synthesized-members -output-dir "$work/$module"
  "$docc" convert "Sources/$module/$module.docc" --additional-symbol-graph-dir "$work/$module" \
    --output-path "$work/$module.doccarchive" --fallback-display-name "$module" --fallback-bundle-identifier "$module" \
    --fallback-default-module-kind Library --warnings-as-errors --enable-experimental-external-link-support \
    --hosting-base-path "${DOCS_BASE_PATH:-/}" ${dependencies[@]+"${dependencies[@]}"}
  archives+=("$work/$module.doccarchive")
  dependencies+=(--dependency "$work/$module.doccarchive")
done
"$docc" merge "${archives[@]}" --output-path "$site" --synthesized-landing-page-name Polyphony

# DocC has no page at the root of a site.
cat > "$site/index.html" <<'HTML'
<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<title>Polyphony</title>
<meta http-equiv="refresh" content="0; url=documentation/polyphony/">
<p><a href="documentation/polyphony/">Polyphony</a></p>
</html>
HTML
echo "the documentation is in $site; to read it: python3 -m http.server --directory $site"
