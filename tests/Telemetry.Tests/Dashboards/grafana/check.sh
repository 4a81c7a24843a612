#!/bin/sh
# Holds dashboards against Grafana's own types: prints what tsc finds wrong, and fails.
# usage: check.sh FILE.json...
set -eu
here=$(cd "$(dirname "$0")" && pwd)
stamp=$here/node_modules/.installed
if ! { [ -f "$stamp" ] && cmp -s "$here/package-lock.json" "$stamp"; }; then
    (cd "$here" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
    cp "$here/package-lock.json" "$stamp"
fi
work=$(mktemp -d "$here/node_modules/.check-XXXXXX")
trap 'rm -rf "$work"' EXIT
# JSON has the values of enums, where TypeScript wants their members.
cat >"$work/check.ts" <<'TS'
import type { Dashboard } from "@grafana/schema";
type Json<T> = T extends string ? `${T}` : T extends (infer U)[] ? Json<U>[] : T extends object ? { [K in keyof T]: Json<T[K]> } : T;
TS
count=0
for file in "$@"; do
    count=$((count + 1))
    printf 'export const d%s: Json<Dashboard> = %s;\n' "$count" "$(cat "$file")" >>"$work/check.ts"
done
"$here/node_modules/.bin/tsc" --noEmit --strict --skipLibCheck --moduleResolution node --module esnext --target es2022 "$work/check.ts"
