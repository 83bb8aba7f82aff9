#!/usr/bin/env bash
# Prints how many instructions each case takes, by callgrind: exact, and the same from run to run for
# this source, compiler and valgrind.
#
# Valgrind's processor has no SHA instructions, so that an HMAC is the portable one and far dearer than
# what is timed: the table shows what a case takes beyond it.
set -euo pipefail
cd "$(dirname "$0")"

cargo build --release --locked --quiet --bin instructions
counts="$(mktemp -d)"
trap 'rm -rf "$counts"' EXIT
valgrind --quiet --tool=callgrind --callgrind-out-file="$counts/out" --collect-atstart=no \
    --toggle-collect=instructions::counted --dump-after=instructions::counted \
    "${CARGO_TARGET_DIR:-target}/release/instructions" "$@" >"$counts/labels"
number=0
while read -r label; do
    number=$((number + 1))
    printf '%s\t%s\n' "$label" "$(sed -n 's/^summary: //p' "$counts/out.$number")"
done <"$counts/labels"
