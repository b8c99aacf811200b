#!/usr/bin/env bash
# golden-diff.sh BASE: what changes in the golden manifests of each stack since BASE, as Markdown. That they are what
# the program makes is a test; so their difference is what a deployment would change.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
base=$1
# A summary may hold 1 MiB; a person reads less.
limit=60000

echo "## Manifests"
changed=$(git diff --name-only "$base" -- test/golden)
if [ -z "$changed" ]; then
  echo "No stack changes."
  exit
fi
git diff --stat "$base" -- test/golden | sed 's/^/    /'
while read -r file; do
  difference=$(git diff --unified=5 "$base" -- "$file")
  echo "<details><summary><code>$file</code></summary>"
  echo
  echo '~~~~diff'
  echo "${difference:0:limit}"
  echo '~~~~'
  if ((${#difference} > limit)); then echo "Cut after $limit characters: \`git diff $base -- $file\` has all."; fi
  echo "</details>"
done <<< "$changed"
