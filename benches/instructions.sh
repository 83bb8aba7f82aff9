#!/usr/bin/env bash
# Prints how many instructions each case takes, and how many beyond the HMAC it cannot do without.
#
# The count is exact and the same from run to run, for this source, compiler and valgrind. Valgrind's
# processor has no SHA instructions, so the HMAC is the portable one and far dearer than what the
# benchmark times; the column beyond it does not depend on that where a case makes one HMAC of one
# block (verify_wrong, verify_right), and is left out where it does not.
set -euo pipefail
cd "$(dirname "$0")"

cargo build --release --locked --quiet --bin instructions
program="${CARGO_TARGET_DIR:-target}/release/instructions"
out="$(mktemp)"
trap 'rm -f "$out"' EXIT

count() {
    valgrind --quiet --tool=callgrind --callgrind-out-file="$out" --collect-atstart=no \
        --toggle-collect='*instructions::counted*' "$program" "$1" 2>/dev/null
    sed -n 's/^summary: //p' "$out"
}

nothing="$(count nothing)"
hmac="$(($(count hmac) - nothing))"
printf '%-16s %12s %12s\n' case instructions 'beyond HMAC'
for case in $("$program"); do
    [[ $case == nothing ]] && continue
    instructions="$(($(count "$case") - nothing))"
    beyond=''
    [[ $case == verify_wrong || $case == verify_right ]] && beyond="$((instructions - hmac))"
    printf '%-16s %12d %12s\n' "$case" "$instructions" "$beyond"
done
