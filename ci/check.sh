#!/usr/bin/env bash
# Runs `pgwitness check` for a job of GitHub Actions: reports into a folder, the summary, annotations, the exit code as output.
set -euo pipefail

mkdir -p "$REPORT"
lines() { while IFS= read -r line; do [ -z "$line" ] || printf '%s\0' "$line"; done <<<"$1"; }
arguments=(check)
while IFS= read -r -d '' line; do arguments+=("$line"); done < <(lines "${ARGS:-}")

base=${BASE:-}
if [ -z "$base" ] && [ -n "${BASE_REF:-}" ]; then
    # A checkout of one commit has no other branch; the tip of the base is enough.
    git fetch --quiet --no-tags --depth=1 origin "+refs/heads/$BASE_REF:refs/remotes/origin/$BASE_REF"
    base=origin/$BASE_REF
fi
if [ -n "$base" ] && [ "$base" != none ]; then arguments+=("--base=$base"); fi
for output in json=report.json sarif=report.sarif html=report.html markdown=comment.md; do
    arguments+=("--output=${output%%=*}=$REPORT/${output#*=}")
done
if [ "${ANNOTATIONS:-true}" = true ]; then arguments+=(--format=github); fi
arguments+=(--)
while IFS= read -r -d '' line; do arguments+=("$line"); done < <(lines "${PATHS:-}")

code=0
"$PROGRAM" "${arguments[@]}" || code=$?
echo "exit=$code" >>"$GITHUB_OUTPUT"
# With 2 nothing was examined, and there is no report to pass on.
if [ ! -f "$REPORT/comment.md" ]; then
    echo "verdict=pgwitness ended with $code before there was a report" >>"$GITHUB_OUTPUT"
    exit 0
fi
echo "report=$REPORT" >>"$GITHUB_OUTPUT"
# One line of plain text: names of the database are escaped in the comment's heading.
printf 'verdict=%s\n' "$(sed -n '2s/^### pgwitness: //p' "$REPORT/comment.md")" >>"$GITHUB_OUTPUT"
if [ "${SUMMARY:-true}" = true ]; then cat "$REPORT/comment.md" >>"$GITHUB_STEP_SUMMARY"; fi
