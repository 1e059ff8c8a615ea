#!/usr/bin/env bash
# Shows what is exported to the programs that it is for: Valgrind's DHAT viewer, and the schema of speedscope. Then damages
# the files, one fault at a time, and fails unless each fault is found.
#
# Usage: ci/clients.sh [SCHEMA]
# SCHEMA is the `dist/release/file-format-schema.json` of the npm package speedscope, which is fetched if it is not given.
# Needs Node, Python with jsonschema, and the Debian package valgrind.
set -euo pipefail
cd "$(dirname "$0")/.."
schema=${1:-}
SPEEDSCOPE_VERSION=1.25.0

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
if [ -z "$schema" ]; then
    npm install --silent --no-save --prefix "$folder/npm" "speedscope@$SPEEDSCOPE_VERSION"
    schema=$folder/npm/node_modules/speedscope/dist/release/file-format-schema.json
fi
mkdir "$folder/exports"
HEAPLENS_EXPORTS=$folder/exports cargo test --quiet --test export_formats

# The figures that are expected come from the profile, in the order: total bytes, total blocks, live at the peak, live at
# the end, temporary blocks.
figures() {
    python3 - "$folder/exports/$1.profile.json" <<'PYTHON'
import json, sys
stats = json.load(open(sys.argv[1], encoding="utf-8"))["stats"]
print(*(stats[name] for name in ["total_bytes", "total_blocks", "peak_bytes", "live_bytes", "temporary_blocks"]))
PYTHON
}
# Shows the DHAT file of a profile, or a damaged one in its place.
dhat() {
    local total_bytes total_blocks rest
    read -r total_bytes total_blocks rest <<<"$(figures "$1")"
    node ci/clients/dhat.js "${2:-$folder/exports/$1.dhat.json}" "$total_bytes" "$total_blocks"
}
speedscope() {
    local titles=("bytes allocated" "blocks allocated" "bytes live at peak" "bytes still live at the end" "temporary blocks")
    local values expected=() place
    read -ra values <<<"$(figures "$1")"
    for place in "${!titles[@]}"; do
        if [ "${values[place]}" -gt 0 ]; then expected+=("${titles[place]}=${values[place]}"); fi
    done
    python3 ci/clients/speedscope.py "$schema" "${2:-$folder/exports/$1.speedscope.json}" ${expected[@]+"${expected[@]}"}
}
# Fails unless the check ($1) of the file of "orders" that this Python statement damages ends with a failure that says so.
finds() {
    local check=$1 damage=$2 said=$3 output
    python3 - "$folder/exports/orders.$check.json" "$folder/damaged.json" "$damage" <<'PYTHON'
import json, sys
file = json.load(open(sys.argv[1], encoding="utf-8"))
exec(sys.argv[3])
json.dump(file, open(sys.argv[2], "w", encoding="utf-8"))
PYTHON
    if output=$("$check" orders "$folder/damaged.json" 2>&1) || ! grep -qF -- "$said" <<<"$output"; then
        printf 'the fault was not found: %s\n%s\n' "$damage" "$output"
        exit 1
    fi
    printf 'found: %s\n' "$output"
}

for profile in fluid orders whole-stacks part empty; do
    dhat "$profile"
    speedscope "$profile"
done
# Every tenth, as each takes a second.
hostile=0
for file in "$folder"/exports/hostile-*0.profile.json; do
    name=$(basename "$file" .profile.json)
    dhat "$name" >/dev/null
    speedscope "$name" >/dev/null
    hostile=$((hostile + 1))
done
if [ "$hostile" -lt 20 ]; then
    echo "only $hostile profiles with hostile names were exported"
    exit 1
fi
echo "$hostile profiles with hostile names: both accepted"

finds dhat 'file["pps"].append(dict(file["pps"][0]))' "repeated location"
finds dhat 'file["pps"][0]["tb"] += 1' "expected are"
finds dhat 'file["pps"].pop()' "expected are"
finds dhat 'file["bklt"] = True' "missing a field"
finds dhat 'file.update(bklt=True, tg=1, tuth=1); [point.update(mb=0, mbk=0) for point in file["pps"]]' "no number"
finds dhat 'del file["te"]' "missing a field"
finds dhat 'file["te"] = 0' "no number"
finds dhat 'file["pps"][0]["fs"][0] = 9999' "names a frame that is not there"
finds speedscope 'file["profiles"][0]["endValue"] += 1' "endValue is"
finds speedscope 'file["profiles"][0]["weights"].pop()' "samples, "
finds speedscope 'file["profiles"][1]["unit"] = "blocks"' "not as the schema says"
finds speedscope 'file["profiles"][0]["samples"][0].append(9999)' "names a frame that is not there"
finds speedscope 'file["profiles"].pop()' "expected is"
finds speedscope 'del file["shared"]["frames"][0]["name"]' "not as the schema says"
finds speedscope 'del file["$schema"]' "not as the schema says"
echo "passed"
