#!/bin/bash
# Builds the solution and runs its tests; the last line is "N passed, N failed".
# usage: tests/run.sh [PROJECT]     PROJECT: Manifests runs tests/Manifests.Tests alone
set -uo pipefail
cd "$(dirname "$0")/.."
results=artifacts/test-results
rm -rf "$results" artifacts/test-summary
mkdir -p "$results"

fail() {
    echo "$1" >&2
    echo "0 passed, 1 failed" | tee artifacts/test-summary
    exit 1
}

if [ $# -gt 0 ] && [ -n "$1" ]; then
    what=tests/$1.Tests
    [ "$1" != Fuzz ] || what=tests/Fuzz
    [ -d "$what" ] || fail "tests: no $what; there are: $(cd tests && echo *.Tests Fuzz)"
else
    what=PhaseMesh.sln
    dotnet build PhaseMesh.sln --nologo -v q || fail "tests: the build failed"
    dotnet format whitespace PhaseMesh.sln --no-restore --verify-no-changes || fail "tests: badly formatted; run: make fmt"
fi
if [ "$what" = PhaseMesh.sln ] || [ "$what" = tests/EndToEnd.Tests ]; then
    make --no-print-directory image || fail "tests: the boot image could not be built"
fi

dotnet test "$what" --nologo -m:1 --logger trx --results-directory "$results" --logger "console;verbosity=minimal"
status=$?
counts=$(sed -n 's/.*<Counters total="\([0-9]*\)" executed="\([0-9]*\)" passed="\([0-9]*\)".*/\1 \3/p' "$results"/*.trx |
    awk '{total += $1; passed += $2} END {printf "%d passed, %d failed", passed, total - passed}')
# A test host that died leaves no result: never let that look like success.
case "$counts" in
"0 passed, 0 failed" | "") counts="0 passed, 1 failed"; status=1 ;;
esac
# Who sees only the end of the output learns what failed, and why.
awk '
    /<UnitTestResult / { failed = /outcome="Failed"/; match($0, /testName="[^"]*"/); name = substr($0, RSTART + 10, RLENGTH - 11) }
    failed && /<Message>/ { print "FAILED " name; inside = 1; lines = 0; where = 2 }
    failed && inside && lines++ < 12 { print "    " $0 }
    /<\/Message>/ { inside = 0 }
    failed && / in .*:line / && where-- > 0 { sub(/.*<StackTrace>/, ""); print "    " $0 }
' "$results"/*.trx | sed 's/<\/\?Message>//g; s/&quot;/"/g; s/&lt;/</g; s/&gt;/>/g; s/&#xD;//g; s/&#xA;/ /g; s/&amp;/\&/g'
[ $status -eq 0 ] || case "$counts" in *", 0 failed") counts="${counts%, *}, 1 failed" ;; esac
echo "$counts" | tee artifacts/test-summary
exit $status
