#!/usr/bin/env bash
# Prints in which functions a case spends its instructions: the mean of 3 runs, of which measuring takes 25.
# Inlined code counts for the function that it was inlined into.
#
#   profile.sh CASE...        such as verify_wrong/1; the lines `instructions` of figures.tsv name them all
#
# Needs cargo and valgrind.
set -euo pipefail
cd "$(dirname "$0")"

if [[ $# == 0 || $1 == -* ]]; then
    sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "${0##*/}" >&2
    exit 2
fi
cargo build --release --locked --quiet --bin instructions
program="${CARGO_TARGET_DIR:-target}/release/instructions"
scratch="$(mktemp -d)"
trap 'rm -rf "$scratch"' EXIT

for case in "$@"; do
    runs="$(valgrind --quiet --tool=callgrind --callgrind-out-file="$scratch/out" --collect-atstart=no \
        --toggle-collect=instructions::counted "$program" "$case" | wc -l)"
    if [[ $runs == 0 ]]; then
        echo "no case is called $case" >&2
        exit 1
    fi
    echo "$case"
    # A line is a count, a share, a file, a colon, a function and the program; a function has one for
    # each file that it has parts from.
    callgrind_annotate --auto=no --threshold=100 "$scratch/out" | awk -v runs="$runs" '
        /^ *[0-9][0-9,]* \([ 0-9.]*%\)  [^ :]*:/ {
            count = $1
            gsub(",", "", count)
            sub(/^[^:]*:/, "")
            sub(/ \[[^]]*\]$/, "")
            all[$0] += count
        }
        END { for (name in all) printf "%7d  %s\n", all[name] / runs, name }' | sort -rn
done
