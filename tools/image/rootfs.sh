#!/bin/sh
# The root file system of the image of operator, API and CLI, from a tree whose bundles are built: Node, the C libraries it is
# linked with, and what the bundles read. Run in the build stage: tools/image/rootfs.sh FOLDER
set -eu
cd "$(dirname "$0")/../.."
root=$1
node=$(command -v node)
mkdir -p "$root/usr/local/bin" "$root/opt/oet/build" "$root/opt/oet/runner/dist" "$root/opt/oet/crds" "$root/etc" "$root/tmp" "$root/var/lib/oet"
chmod 1777 "$root/tmp"
cp -L "$node" "$root/usr/local/bin/node"
for library in $(ldd "$node" | grep -o '/[^ )]*'); do
  mkdir -p "$root$(dirname "$library")"
  cp -L "$library" "$root$library"
done
cp -L /etc/os-release "$root/etc/os-release"
echo 'oet:x:65532:65532:oet:/tmp:/nonexistent' >"$root/etc/passwd"
echo 'oet:x:65532:' >"$root/etc/group"

cp build/*.mjs build/journal-worker.js build/*.LEGAL.txt "$root/opt/oet/build/"
cp runner/bootstrap.py "$root/opt/oet/runner/"
cp runner/dist/runner.py "$root/opt/oet/runner/dist/"
cp crds/openapi.json "$root/opt/oet/crds/"
cp package.json LICENSE "$root/opt/oet/"
# There is no shell and no env: the kernel starts Node by its path.
for program in oet:oet oet-operator:operator oet-rest:api; do
  bundle=/opt/oet/build/${program#*:}.mjs
  # The operator's short-lived objects alone might take 128 MiB else (docs/reference/benchmarks.md, memory). The kernel passes on one argument.
  case $program in oet-operator:*) option=' --max-semi-space-size=8' ;; *) option='' ;; esac
  sed -i "1i #!/usr/local/bin/node$option" "$root$bundle"
  chmod 755 "$root$bundle"
  ln -s "$bundle" "$root/usr/local/bin/${program%%:*}"
done
