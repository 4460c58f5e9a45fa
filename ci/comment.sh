#!/usr/bin/env bash
# Writes the comment of a pull request, or writes the one of an earlier run anew.
set -euo pipefail

# A pull request of a fork has a token that may not write; that is no reason to fail the job.
give_up() { echo "::notice title=pgwitness::the comment could not be written: $1"; exit 0; }

comments=repos/$GITHUB_REPOSITORY/issues/$PULL_REQUEST/comments
ours='.[] | select(.body | startswith("<!-- pgwitness -->")) | .id'
known=$(gh api --paginate "$comments" --jq "$ours" | head -n 1) || give_up "the comments cannot be read"
if [ -n "$known" ]; then
    gh api --silent --method PATCH "repos/$GITHUB_REPOSITORY/issues/comments/$known" --field "body=@$COMMENT" ||
        give_up "the permission pull-requests:write is missing"
else
    gh api --silent --method POST "$comments" --field "body=@$COMMENT" ||
        give_up "the permission pull-requests:write is missing"
fi
