#!/bin/bash
# Builds the grains against Microsoft Orleans and runs their tests on it.
# usage: tests/orleans.sh VERSION [PACKAGE-SOURCE] [SQL-DIRECTORY]
#   PACKAGE-SOURCE: a NuGet feed or directory besides the configured ones; SQL-DIRECTORY: Orleans' PostgreSQL scripts
# exits 3 where Orleans can't be restored or its scripts are missing: nothing was tested then
set -uo pipefail
cd "$(dirname "$0")/.."
version=${1:-} source=${2:-} sql=${3:-}
if [ -z "$version" ]; then
    echo "test-orleans: no version; make test-orleans ORLEANS_VERSION=10.2.0" >&2
    exit 3
fi
# Its own outputs and lock files, so that the ordinary build's stay as they are.
options=(-p:GrainEngine=Orleans "-p:OrleansVersion=$version" -p:TreatWarningsAsErrors=false
    --artifacts-path artifacts/orleans -p:NuGetLockFilePath=obj/orleans.lock.json '-p:DefaultItemExcludesInProjectFolder=**/.*/**%3Bobj/**%3Bbin/**')
[ -n "$source" ] && options+=("-p:RestoreAdditionalProjectSources=$source")
if ! dotnet restore tests/Grains.Tests "${options[@]}" --nologo -v q; then
    echo "test-orleans: Microsoft.Orleans $version can't be restored from the configured package sources${source:+ and $source}; nothing was tested." >&2
    exit 3
fi
if [ ! -f "$sql/PostgreSQL-Main.sql" ]; then
    echo "test-orleans: no PostgreSQL-Main.sql in '$sql'; give the directory of Orleans' scripts in ORLEANS_SQL. Nothing was tested." >&2
    exit 3
fi
export ORLEANS_SQL=$sql
dotnet test tests/Grains.Tests "${options[@]}" --no-restore --nologo --logger "console;verbosity=minimal"
