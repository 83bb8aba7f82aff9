#!/usr/bin/env bash
# Measures everything and prints a table, with the goals and whether they are met. It writes the
# figures to figures.tsv and draws them in plot.svg. Needs cargo and valgrind.
#
#   table.sh [--quick]
#
# --quick takes under a minute once built, and only checks that everything runs: it keeps
# nothing here.
set -euo pipefail
cd "$(dirname "$0")"

here="$PWD"
for option in "$@"; do
    case "$option" in
        --quick) export OOB_MFA_BENCHES=quick ;;
        *)
            sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "${0##*/}" >&2
            exit 2
            ;;
    esac
done

cargo build --release --locked --quiet --bins
programs="${CARGO_TARGET_DIR:-target}/release"
scratch="$(mktemp -d)"
trap 'rm -rf "$scratch"' EXIT
[[ ${OOB_MFA_BENCHES-} != quick ]] || here="$scratch"

# Callgrind's counts are exact, and the same from run to run for this source, compiler and valgrind. Its
# processor has no SHA instructions, so an HMAC is the portable one and far slower than the timed
# one: look at the cost of a case beyond it. A case is counted 3 times, and the lowest is used; the count
# of its empty harness is subtracted.
instructions() {
    local number=0 label
    valgrind --quiet --tool=callgrind --callgrind-out-file="$scratch/out" --collect-atstart=no \
        --toggle-collect=instructions::counted --dump-after=instructions::counted \
        "$programs/instructions" >"$scratch/labels"
    while read -r label; do
        number=$((number + 1))
        printf '%s\t%s\n' "$label" "$(sed -n 's/^summary: //p' "$scratch/out.$number")"
    done <"$scratch/labels" | awk -F '\t' -v OFS='\t' '
        !($1 in least) { labels[++count] = $1; harness[$1] = $2; least[$1] = $3 }
        $3 < least[$1] { least[$1] = $3 }
        END { for (i = 1; i <= count; i++) print "instructions", labels[i], least[labels[i]] - least[harness[labels[i]]] }'
}

{
    instructions
    "$programs/allocations"
    "$programs/times"
} >"$scratch/figures.tsv"
[[ $here == "$scratch" ]] || cp "$scratch/figures.tsv" "$here/"
"$programs/table" "$here/figures.tsv"
"$programs/plot" "$here/figures.tsv" >"$here/plot.svg"
